"""One API call as a value, and the descriptors that turn functions that build calls into client methods."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from .errors import InvalidName, ServerFailed
from .models import Page, page_of, parse
from .transfers import FileContent

P = ParamSpec("P")
T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


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


def named(collection: str, text: str) -> str:
    """Return `collection/id` for a full name or a bare id. Anything else could reach another path."""
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


def getting(kind: type[T], collection: str, name: str) -> Call[T]:
    """Request one resource of a collection."""
    return Call("GET", f"/v1/{named(collection, name)}", reading(kind))


def listing(kind: type[T], path: str, key: str, *, page_size: int | None) -> Call[Page[T]]:
    """Request a page of the list at a path; the response holds the items under `key`."""
    return Call("GET", f"/v1/{path}", page_of(kind, key), params=given(page_size=page_size))


def deleting(collection: str, name: str) -> Call[None]:
    """Delete one resource of a collection."""
    return Call("DELETE", f"/v1/{named(collection, name)}", nothing)


class Sender(Protocol):
    """Sends calls and returns a value, writes the body to a file, or yields a stream of events."""

    def send(self, call: Call[T]) -> T: ...
    def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int: ...
    def events(self, call: Call[T]) -> Iterator[T]: ...


class AsyncSender(Protocol):
    """The same, awaited."""

    async def send(self, call: Call[T]) -> T: ...
    async def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int: ...
    def events(self, call: Call[T]) -> AsyncIterator[T]: ...


class Resource:
    """A group of blocking methods."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender


class AsyncResource:
    """A group of awaitable methods."""

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender


class _Method(Generic[P, T]):
    """A method made from the function that builds its call; it has the function's signature and docstring."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def _dressed(self, method: Callable[..., Any]) -> Any:
        method.__doc__ = self.__doc__
        method.__name__ = self._build.__name__
        return method


class blocking(_Method[P, T]):  # noqa: N801 (used like a decorator)
    """Make a method that sends the call and returns its value."""

    @overload
    def __get__(self, resource: None, owner: type) -> blocking[P, T]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, T]: ...
    def __get__(self, resource: Resource | None, owner: type) -> blocking[P, T] | Callable[P, T]:
        if resource is None:
            return self
        return self._dressed(lambda *args, **kwargs: resource._sender.send(self._build(*args, **kwargs)))  # type: ignore[no-any-return]


class awaiting(_Method[P, T]):  # noqa: N801
    """Make a method that sends the call and returns an awaitable of its value."""

    @overload
    def __get__(self, resource: None, owner: type) -> awaiting[P, T]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, Awaitable[T]]: ...
    def __get__(
        self, resource: AsyncResource | None, owner: type
    ) -> awaiting[P, T] | Callable[P, Awaitable[T]]:
        if resource is None:
            return self
        return self._dressed(lambda *args, **kwargs: resource._sender.send(self._build(*args, **kwargs)))  # type: ignore[no-any-return]


class paging(_Method[P, Page[T]], Generic[P, T]):  # noqa: N801
    """Make a method that iterates over all pages of a list."""

    @overload
    def __get__(self, resource: None, owner: type) -> paging[P, T]: ...
    @overload
    def __get__(self, resource: Resource, owner: type) -> Callable[P, Iterator[T]]: ...
    def __get__(self, resource: Resource | None, owner: type) -> paging[P, T] | Callable[P, Iterator[T]]:
        if resource is None:
            return self
        sender = resource._sender

        def items(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            call: Call[Page[T]] | None = self._build(*args, **kwargs)
            while call is not None:
                page = sender.send(call)
                yield from page.items
                call = _next_page(call, page)

        return self._dressed(items)  # type: ignore[no-any-return]


class async_paging(_Method[P, Page[T]], Generic[P, T]):  # noqa: N801
    """Make a method that iterates over all pages of a list, asynchronously."""

    @overload
    def __get__(self, resource: None, owner: type) -> async_paging[P, T]: ...
    @overload
    def __get__(self, resource: AsyncResource, owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(
        self, resource: AsyncResource | None, owner: type
    ) -> async_paging[P, T] | Callable[P, AsyncIterator[T]]:
        if resource is None:
            return self
        sender = resource._sender

        async def items(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
            call: Call[Page[T]] | None = self._build(*args, **kwargs)
            while call is not None:
                page = await sender.send(call)
                for item in page.items:
                    yield item
                call = _next_page(call, page)

        return self._dressed(items)  # type: ignore[no-any-return]


def _next_page(call: Call[Page[T]], page: Page[T]) -> Call[Page[T]] | None:
    if not page.next_page_token:
        return None
    if page.next_page_token == call.params.get("page_token"):
        # Following such pages would never end.
        raise ServerFailed(
            "the server keeps returning the same page of the list", reason="PAGE_REPEATED", status=200
        )
    return replace(call, params={**call.params, "page_token": page.next_page_token})
