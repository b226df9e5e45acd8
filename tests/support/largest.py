"""The largest request that a contract allows, made of nothing but its descriptor and its rules.

A new method, field or rule is covered the day it is written. What no rule bounds is filled up to what the
edge takes as a body.
"""

import importlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from buf.validate import validate_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.bodies import MAX_JSON_BYTES
from services.common.rpc.bounds import MOST_ITEMS, MOST_VALUES

GENERATED = Path(__file__).resolve().parents[2] / "gen"
#: A message has at most this many bytes: what the edge takes as JSON has no fewer as protobuf.
MOST_BYTES = MAX_JSON_BYTES - 64 * 1024
#: Characters of four bytes are the largest that a text of bounded length can hold.
WIDE = "\U0001f600"
_UNBOUNDED = 10**9
_UNBOUNDED_FIELD = 2


@cache
def imported() -> None:
    """Import every contract, so that the default pool knows its messages."""
    for path in sorted((GENERATED / "smelt").rglob("*_pb2.py")):
        importlib.import_module(".".join(path.relative_to(GENERATED).with_suffix("").parts))


def message_class(full_name: str) -> type[Message]:
    """Return the generated class of a message by its full name."""
    imported()
    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(full_name))


def largest(full_name: str) -> list[Message]:
    """Return the largest message of a kind that its contract allows, up to MOST_BYTES.

    One for each alternative where the contract leaves a choice.
    """
    kind = message_class(full_name)
    # An optional field is a choice of one.
    choices = [field.name for of in kind.DESCRIPTOR.oneofs if len(of.fields) > 1 for field in of.fields]
    found = []
    for choice in choices or [""]:
        found.append(kind())
        _fill(found[-1], _Budget(MOST_BYTES, MOST_VALUES), seen=(), choice=choice)
    return found


def longest_lists_of_nothing(full_name: str) -> Iterator[Message]:
    """Yield for each list or map within a message one that has as many empty items as fit into a body.

    No contract allows them. They are small to send and long to read.
    """
    of: Any = message_class(full_name).DESCRIPTOR
    for path, field in _lists(of, ()):
        made = message_class(full_name)()
        at: Any = made
        for step in path:
            at = getattr(at, step)
        # `"",` in JSON, and `"12345":"",` in a map.
        count = MAX_JSON_BYTES // 3
        items = getattr(at, field.name)
        if _is_map(field):
            for number in range(MAX_JSON_BYTES // 11):
                _put(items, field, str(number))
        elif field.message_type is not None:
            for _ in range(count):
                items.add()
        else:
            items.extend([field.default_value or _zero(field)] * count)
        yield made


class _Budget:
    """What is left of the bytes and values of a message."""

    def __init__(self, size: int, values: int) -> None:
        self.size = size
        self.values = values

    def take(self, size: int) -> bool:
        if size > self.size or not self.values:
            return False
        self.size -= size
        self.values -= 1
        return True


def _fill(message: Any, budget: _Budget, *, seen: tuple[str, ...], choice: str = "") -> None:
    chosen: set[str] = set()
    seen = (*seen, message.DESCRIPTOR.full_name)
    # What is bounded comes first, so that it is there in full; the rest shares what is left.
    fields = sorted(message.DESCRIPTOR.fields, key=_order)
    unbounded = sum(_order(field) == _UNBOUNDED_FIELD for field in fields)
    for field in fields:
        if field.containing_oneof is not None:
            # Setting one alternative clears another.
            wanted = {each.name for each in field.containing_oneof.fields} & {choice}
            if field.containing_oneof.name in chosen or (wanted and field.name != choice):
                continue
            chosen.add(field.containing_oneof.name)
        if field.message_type is not None and field.message_type.full_name in seen:
            continue
        if field.is_repeated:
            _fill_list(getattr(message, field.name), field, budget, seen=seen)
        elif field.message_type is not None:
            if budget.take(4):
                getattr(message, field.name).SetInParent()
                _fill_message(getattr(message, field.name), budget, seen=seen)
        else:
            room = budget.size
            if _order(field) == _UNBOUNDED_FIELD:
                room //= unbounded
                unbounded -= 1
            value = largest_value(field, rules_of(field), room)
            if budget.take(_bytes(value)):
                setattr(message, field.name, value)


def _fill_message(message: Any, budget: _Budget, *, seen: tuple[str, ...]) -> None:
    known = _WELL_KNOWN.get(message.DESCRIPTOR.full_name)
    if known is not None:
        known(message)
    else:
        _fill(message, budget, seen=seen)


def _fill_list(items: Any, field: FieldDescriptor, budget: _Budget, *, seen: tuple[str, ...]) -> None:
    rules = rules_of(field).repeated
    most = rules.max_items or MOST_ITEMS
    for number in range(most):
        # Each item of an unbounded kind gets its part, so that there are as many as may be.
        share = max(16, budget.size // (most - number))
        if _is_map(field):
            if not budget.take(share):
                return
            _put(items, field, str(number), WIDE * max(0, (share - 32) // 4))
        elif field.message_type is not None:
            if not budget.take(4):
                return
            _fill_message(items.add(), budget, seen=seen)
        else:
            value = largest_value(field, rules.items, share)
            if rules.unique:
                value = [*matches(rules.items.string.pattern), None][number]
            if value is None or not budget.take(_bytes(value) + 4):
                return
            items.append(value)


def largest_value(field: FieldDescriptor, rules: Any, room: int) -> Any:
    """Return the largest value that rules allow a field, of at most `room` bytes where they allow any."""
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            of = rules.bytes
            return b"\xff" * int(of.len or min(of.max_len or room, room))
        case FieldDescriptor.CPPTYPE_STRING:
            return _text(rules.string, room)
        case FieldDescriptor.CPPTYPE_BOOL:
            return True
        case FieldDescriptor.CPPTYPE_ENUM:
            assert field.enum_type is not None
            return max(value.number for value in field.enum_type.values)
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            of = rules.double if field.cpp_type == FieldDescriptor.CPPTYPE_DOUBLE else rules.float
            return of.lte or of.lt or 1e300
        case _:
            return _number(field, rules)


def _number(field: FieldDescriptor, rules: Any) -> int:
    name = {value: key for key, value in vars(FieldDescriptor).items() if key.startswith("TYPE_")}[field.type]
    of = getattr(rules, name.removeprefix("TYPE_").lower())
    wide = 64 if "64" in name else 32
    largest = 2**wide - 1 if "UINT" in name or "FIXED" in name else 2 ** (wide - 1) - 1
    return int(of.lte or (of.lt - 1 if of.lt else largest))


def _text(of: Any, room: int) -> str:
    if of.const or of.pattern:
        return str(of.const) or matches(of.pattern, of.max_len)[0]
    length = of.len or of.max_len
    if length:
        return WIDE * int(length) if 4 * length <= room else "x" * min(int(length), room)
    return WIDE * ((of.max_bytes or room) // 4)


def matches(pattern: str, most: int = 0) -> list[str]:
    """Return long texts that a pattern matches, the longest first, one for each choice in it.

    `most` is their length if the pattern does not bound it. The patterns of the contracts are plain; another
    kind fails here.
    """
    parsed = re._parser.parse(pattern)
    found = sorted(_matches(parsed, most), key=len, reverse=True)
    assert all(re.search(pattern, each) for each in found), pattern
    return found


def _matches(parsed: Any, most: int) -> list[str]:
    found = [""]
    for kind, argument in parsed:
        found = [before + each for before in found for each in _of_kind(str(kind), argument, most)]
    return found


def _of_kind(kind: str, argument: Any, most: int) -> list[str]:
    match kind:
        case "AT":
            return [""]
        case "LITERAL":
            return [chr(argument)]
        case "IN":
            kinds = {str(inner): value for inner, value in argument}
            if "NEGATE" in kinds:
                return [WIDE]
            return [chr(kinds["RANGE"][0]) if "RANGE" in kinds else chr(kinds["LITERAL"])]
        case "MAX_REPEAT":
            _, times, inner = argument
            longest = max(_matches(inner, most), key=len)
            return [longest * (int(times) if int(times) < _UNBOUNDED else most // len(longest))]
        case "SUBPATTERN":
            return _matches(argument[-1], most)
        case "BRANCH":
            return [each for branch in argument[1] for each in _matches(branch, most)]
    raise NotImplementedError(kind)


def rules_of(field: FieldDescriptor) -> Any:
    """Return the rules that the contract gives a field."""
    return field.GetOptions().Extensions[validate_pb2.field]  # type: ignore[index]


def _order(field: FieldDescriptor) -> int:
    if field.is_repeated or field.message_type is not None:
        return 1
    rules = rules_of(field)
    is_bounded = rules.string.pattern or rules.string.const or rules.string.max_len or rules.string.len
    is_bounded = is_bounded or rules.string.max_bytes or rules.bytes.max_len or rules.bytes.len
    return 0 if is_bounded or field.cpp_type != FieldDescriptor.CPPTYPE_STRING else _UNBOUNDED_FIELD


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _put(items: Any, field: FieldDescriptor, key: str, value: str = "") -> None:
    assert field.message_type is not None
    kinds = field.message_type.fields_by_name
    real_key: Any = key if kinds["key"].cpp_type == FieldDescriptor.CPPTYPE_STRING else int(key)
    if kinds["value"].message_type is not None:
        items[real_key].SetInParent()
    elif kinds["value"].type == FieldDescriptor.TYPE_BYTES:
        items[real_key] = value.encode()
    else:
        items[real_key] = value


def _zero(field: FieldDescriptor) -> Any:
    return 0 if field.cpp_type != FieldDescriptor.CPPTYPE_STRING else ""


def _lists(
    message: Descriptor, path: tuple[str, ...], seen: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldDescriptor]]:
    for field in message.fields:
        if field.is_repeated:
            yield path, field
            continue
        inner, known = field.message_type, (*seen, message.full_name)
        if inner is not None and inner.full_name not in known:
            yield from _lists(inner, (*path, field.name), known)


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 10


def _last_moment(message: Any) -> None:
    message.FromJsonString("9999-12-31T23:59:59.999999999Z")


_WELL_KNOWN: dict[str, Callable[[Any], None]] = {
    "google.protobuf.Timestamp": _last_moment,
}
