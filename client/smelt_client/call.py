"""One API call as a value: what to send, and how to read the response."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from .errors import InvalidName
from .models import Page, page_of, parse
from .transfers import FileContent

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Named(Protocol):
    """A resource that a call returned, such as a `File`."""

    @property
    def name(self) -> str: ...


#: A resource, its full name (`files/ID`), or its ID alone.
ResourceName = str | Named


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What to send and how to read the response. The body may hold a secret, so it is left out of the repr.

    ``creates`` adds an Idempotency-Key, so that a retry finds what the first attempt created;
    ``repeatable`` says that a POST may be retried as it is. ``content`` is a file to send instead of JSON.
    ``slow`` says that the response may take as long as an upload.
    """

    method: str
    path: str
    parse: Callable[[Any], T] = field(repr=False)
    params: Mapping[str, str | int | list[str]] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    content: FileContent | None = None
    creates: bool = False
    repeatable: bool = False
    slow: bool = False
    idempotency_key: str | None = None


def named(collection: str, resource: ResourceName) -> str:
    """Return `collection/id` for a resource, a full name or a bare id; raise InvalidName.

    Anything else could reach another path.
    """
    text = resource if isinstance(resource, str) else getattr(resource, "name", None)
    if not isinstance(text, str):
        raise InvalidName(f"expected {collection}/ID or a resource, not {type(resource).__name__}")
    identifier = text.removeprefix(f"{collection}/")
    if not _ID.fullmatch(identifier):
        raise InvalidName(f"{text!r} is not a valid name; expected {collection}/ID")
    return f"{collection}/{identifier}"


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def nothing(data: Any) -> None:
    """Read a response whose body holds nothing of interest."""


def reading(kind: type[T]) -> Callable[[Any], T]:
    """Return the function that reads one value of a kind."""
    return lambda data: parse(kind, data)


def getting(kind: type[T], collection: str, name: ResourceName) -> Call[T]:
    """Request one resource of a collection."""
    return Call("GET", f"/v1/{named(collection, name)}", reading(kind))


def listing(kind: type[T], path: str, key: str, *, page_size: int | None) -> Call[Page[T]]:
    """Request a page of the list at a path; the response holds the items under `key`."""
    return Call("GET", f"/v1/{path}", page_of(kind, key), params=given(page_size=page_size))


def deleting(collection: str, name: ResourceName) -> Call[None]:
    """Delete one resource of a collection."""
    return Call("DELETE", f"/v1/{named(collection, name)}", nothing)
