"""Reads JSON into values: a field that is missing or has the wrong type becomes empty."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: For the field `raw` of a value: the JSON itself.
raw_field: Any = field(default_factory=dict, repr=False, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    next_page_token: str


def parse(kind: type[T], data: object) -> T:
    """Build a value from a JSON object. Fields that are missing or have the wrong type become empty."""
    source = data if isinstance(data, dict) else {}
    shape: Any = kind
    values = {name: read(source.get(name)) for name, read in _readers(shape).items()}
    if any(entry.name == "raw" for entry in fields(shape)):
        values["raw"] = source
    return kind(**values)


def page_of(kind: type[T], key: str) -> Callable[[Any], Page[T]]:
    """Return the function that reads a page whose items are under `key`."""

    def read(data: Any) -> Page[T]:
        source = data if isinstance(data, dict) else {}
        items = source.get(key)
        token = source.get("next_page_token")
        return Page(
            tuple(parse(kind, item) for item in items) if isinstance(items, list) else (),
            token if isinstance(token, str) else "",
        )

    return read


@cache
def _readers(kind: type[Any]) -> dict[str, Callable[[object], Any]]:
    hints = typing.get_type_hints(kind)
    return {entry.name: _reader(hints[entry.name]) for entry in fields(kind) if entry.name != "raw"}


def _reader(hint: Any) -> Callable[[object], Any]:
    if typing.get_origin(hint) is types.UnionType:
        kind = typing.get_args(hint)[0]
        # A number that is absent says something else than 0.
        return _time if kind is datetime else lambda data: None if data is None else _number(kind, data)
    if typing.get_origin(hint) is tuple:
        read = _reader(typing.get_args(hint)[0])
        return lambda data: tuple(read(item) for item in data) if isinstance(data, list) else ()
    if isinstance(hint, type) and is_dataclass(hint):
        return lambda data: parse(hint, data)
    if hint is str:
        return lambda data: data if isinstance(data, str) else ""
    if hint is bool:
        return lambda data: data is True
    if hint in (int, float):
        return lambda data: _number(hint, data)
    if typing.get_args(hint)[1:] == (int,):
        return lambda data: (
            {str(key): int(_number(int, value)) for key, value in data.items()}
            if isinstance(data, dict)
            else {}
        )
    return lambda data: (
        {str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {}
    )


def _number(kind: type[int] | type[float], data: object) -> int | float:
    """Read a number. In protobuf's JSON mapping, 64-bit integers are strings."""
    try:
        return kind(data) if isinstance(data, (int, float, str)) else kind(0)
    except (ValueError, OverflowError):
        return kind(0)


def _time(data: object) -> datetime | None:
    try:
        return datetime.fromisoformat(data) if isinstance(data, str) else None
    except ValueError:
        return None
