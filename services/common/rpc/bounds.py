"""How much one request may hold, counted before it is checked against the rules of its contract.

The parser has bounded bytes and depth already. A small body can still hold hundreds of thousands of values,
and checking each of them would keep the event loop from everybody else.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

#: Values in one request, all levels together. The largest that a contract allows by its own bounds has 1,001.
MOST_VALUES = 4_000
#: Where a contract bounds a list or a map by itself, that bound counts; elsewhere this one does.
MOST_ITEMS = 1_000


class TooMuch(Exception):
    """The request holds more than it may; `field` and `why` are for the person who sent it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a field may hold: items of a list or map, or characters of a text; None for other kinds."""

    items: int | None
    characters: int | None


@cache
def _bounds(message: Descriptor) -> dict[str, _Bound]:
    """Return the bounds of a message's fields by name, as the contract's own rules state them."""
    return {field.name: _bound(field) for field in message.fields}


def _bound(field: FieldDescriptor) -> _Bound:
    rules: Any = field.GetOptions().Extensions[validate_pb2.field]  # type: ignore[index]
    if field.is_repeated:
        return _Bound(rules.repeated.max_items or MOST_ITEMS, None)
    text = rules.string
    return _Bound(None, text.max_len or text.len or text.max_bytes or None)


def count(message: Message, *, path: str = "", counted: int = 0) -> int:
    """Return how many values a request holds; raise TooMuch at the first bound that it exceeds.

    Costs at most as much as MOST_VALUES values, whatever was sent: a list is measured before it is read.
    """
    bounds = _bounds(message.DESCRIPTOR)
    for field, value in message.ListFields():
        name = f"{path}.{field.name}" if path else field.name
        bound = bounds[field.name]
        if bound.items is not None:
            if len(value) > bound.items:
                raise TooMuch(name, f"must have at most {bound.items} items")
            counted += len(value)
        elif bound.characters is not None and len(value) > bound.characters:
            raise TooMuch(name, f"must have at most {bound.characters} characters")
        else:
            counted += 1
        if counted > MOST_VALUES:
            raise TooMuch(name, f"must have at most {MOST_VALUES} values in all")
        for inner in _messages(field, value):
            counted = count(inner, path=name, counted=counted)
    return counted


def _messages(field: FieldDescriptor, value: Any) -> Any:
    if field.message_type is None:
        return ()
    if not field.is_repeated:
        return (value,)
    if field.message_type.GetOptions().map_entry:
        return value.values() if field.message_type.fields_by_name["value"].message_type else ()
    return value
