"""How much one request may hold, and of what, before it is checked against the rules of its contract.

The parser has bounded bytes and depth already. A small body can still hold hundreds of thousands of values,
and checking each of them would keep the event loop from everybody else.

No text may contain NUL, which Postgres cannot store. Secrets may: a password is only hashed, and the other
ones have rules of their own.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from buf.validate import validate_pb2
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

#: Values in one request, all levels together. The largest that a contract allows by its own bounds has 1,001.
MOST_VALUES = 4_000
#: Where a contract bounds a list or a map by itself, that bound counts; elsewhere this one does.
MOST_ITEMS = 1_000


class TooMuch(Exception):
    """The request holds more than it may, or NUL; `field` and `why` are for the person who sent it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field
        self.why = why


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a field may hold: items of a list or map, or characters of a text; None for other kinds."""

    items: int | None
    characters: int | None
    is_text: bool = False


@cache
def _bounds(message: Descriptor) -> dict[str, _Bound]:
    """Return the bounds of a message's fields by name, as the contract's own rules state them."""
    return {field.name: _bound(field) for field in message.fields}


def _bound(field: FieldDescriptor) -> _Bound:
    rules: Any = field.GetOptions().Extensions[validate_pb2.field]  # type: ignore[index]
    is_text = field.type == field.TYPE_STRING and not _is_secret(field)
    if field.is_repeated:
        return _Bound(rules.repeated.max_items or MOST_ITEMS, None, is_text or _maps_texts(field))
    text = rules.string
    return _Bound(None, text.max_len or text.len or text.max_bytes or None, is_text)


def _is_secret(field: FieldDescriptor) -> bool:
    behaviours: Any = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.INPUT_ONLY in behaviours


def _maps_texts(field: FieldDescriptor) -> bool:
    message = field.message_type
    return (
        message is not None
        and message.GetOptions().map_entry
        and any(part.type == part.TYPE_STRING for part in message.fields)
    )


def _texts(field: FieldDescriptor, value: Any) -> Any:
    if not field.is_repeated:
        return (value,)
    if field.message_type is not None:
        return (part for item in value.items() for part in item if isinstance(part, str))
    return value


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
        if bound.is_text and any("\0" in text for text in _texts(field, value)):
            raise TooMuch(name, "must not contain NUL characters")
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
