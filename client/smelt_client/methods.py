"""Turns functions that build calls into the methods of a resource: blocking, awaited, and over all pages."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from .call import Call
from .errors import ServerFailed
from .models import Page

P = ParamSpec("P")
T = TypeVar("T")

_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


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
    """A method made from the function that builds its call; it has the function's signature and docstring.

    `returns` is what the method returns, where `{}` stands for what the call's response holds.
    """

    returns = "{}"

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__
        self.__name__ = build.__name__
        self.__signature__ = self._signature([_SELF])

    def __set_name__(self, owner: type, name: str) -> None:
        self.__name__ = name

    def __call__(self, resource: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Call the method as a function of its class."""
        return self.__get__(resource, type(resource))(*args, **kwargs)

    def __get__(self, resource: Any, owner: type) -> Any:
        raise NotImplementedError

    def _dressed(self, method: Callable[..., Any]) -> Any:
        method.__doc__ = self.__doc__
        method.__name__ = self.__name__
        method.__module__ = self._build.__module__
        method.__signature__ = self._signature([])  # type: ignore[attr-defined]
        return method

    def _signature(self, before: Sequence[inspect.Parameter]) -> inspect.Signature:
        signature = inspect.signature(self._build)
        holds = str(signature.return_annotation).removeprefix("Call[").removesuffix("]")
        holds = holds.removeprefix("Page[").removesuffix("]") if holds.startswith("Page[") else holds
        return signature.replace(
            parameters=[*before, *signature.parameters.values()],
            return_annotation=self.returns.format(holds),
        )


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

    returns = "Awaitable[{}]"

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

    returns = "Iterator[{}]"

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

    returns = "AsyncIterator[{}]"

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
