"""The blocking and the asynchronous way to send a call, with the same retries and the same errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self, TypeVar

import httpx2

from .call import Call
from .endpoint import Endpoint
from .errors import from_transport
from .options import Options
from .retries import Attempts
from .transfers import AwaitedContent, WholeFile
from .wire import attempts_of, error_of, event_of, event_request_of, request_of, value_of

T = TypeVar("T")

STREAMED = {"accept-encoding": "identity"}


class BlockingSender:
    """Sends calls and blocks until the response is there."""

    def __init__(self, http: httpx2.Client, host: str, options: Options) -> None:
        self._http = http
        self._host = host
        self._options = options

    @classmethod
    def connected(
        cls, endpoint: Endpoint, options: Options, *, transport: httpx2.BaseTransport | None = None
    ) -> Self:
        """Return a sender with connections of its own."""
        return cls(httpx2.Client(**endpoint.options(), transport=transport), endpoint.host, options)

    def with_options(self, options: Options) -> Self:
        """Return a sender over the same connections."""
        return type(self)(self._http, self._host, options)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send a call, retry it if that may help, and return its value."""
        return value_of(call, *self.exchange(call))

    def exchange(self, call: Call[T]) -> tuple[httpx2.Response, Attempts]:
        """Send a call, retry it if that may help, and return the last response, whatever it says."""
        request, attempts = request_of(call, self._options), attempts_of(call, self._options)
        while True:
            try:
                response = self._http.send(self._http.build_request(**request))
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
                if wait is None:
                    raise from_transport(error, self._host) from None
            else:
                wait = attempts.after_answer(response.status_code, response.headers)
                if wait is None:
                    return response, attempts
            time.sleep(wait)

    def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int:
        """Write the response's body to a file, only if it is whole, and return its length in bytes."""
        request, attempts = request_of(call, self._options), attempts_of(call, self._options)
        request["headers"] |= STREAMED
        while True:
            try:
                response = self._http.send(self._http.build_request(**request), stream=True)
                try:
                    if response.status_code == 200:
                        with WholeFile(target, response.headers, sha256=sha256) as file:
                            for chunk in response.iter_raw():
                                file.write(chunk)
                            return file.finish()
                    response.read()
                finally:
                    response.close()
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
                if wait is None:
                    raise from_transport(error, self._host) from None
            else:
                wait = attempts.after_answer(response.status_code, response.headers)
                if wait is None:
                    raise error_of(response)
            time.sleep(wait)

    def events(self, call: Call[T]) -> Iterator[T]:
        """Yield the events of one connection until it ends; nothing is retried."""
        request = event_request_of(call, self._options)
        try:
            response = self._http.send(self._http.build_request(**request), stream=True)
            try:
                if response.status_code != 200:
                    response.read()
                    raise error_of(response)
                for event in httpx2.EventSource(response):
                    yield event_of(call, event.data)
            finally:
                response.close()
        except httpx2.TransportError as error:
            raise from_transport(error, self._host) from None


class AwaitingSender:
    """Sends calls without blocking the event loop."""

    def __init__(self, http: httpx2.AsyncClient, host: str, options: Options) -> None:
        self._http = http
        self._host = host
        self._options = options

    @classmethod
    def connected(
        cls, endpoint: Endpoint, options: Options, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> Self:
        """Return a sender with connections of its own."""
        return cls(httpx2.AsyncClient(**endpoint.options(), transport=transport), endpoint.host, options)

    def with_options(self, options: Options) -> Self:
        """Return a sender over the same connections."""
        return type(self)(self._http, self._host, options)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send a call, retry it if that may help, and return its value."""
        return value_of(call, *(await self.exchange(call)))

    async def exchange(self, call: Call[T]) -> tuple[httpx2.Response, Attempts]:
        """Send a call, retry it if that may help, and return the last response, whatever it says."""
        request, attempts = request_of(call, self._options), attempts_of(call, self._options)
        if call.content is not None:
            request["content"] = AwaitedContent(call.content)
        while True:
            try:
                response = await self._http.send(self._http.build_request(**request))
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
                if wait is None:
                    raise from_transport(error, self._host) from None
            else:
                wait = attempts.after_answer(response.status_code, response.headers)
                if wait is None:
                    return response, attempts
            await asyncio.sleep(wait)

    async def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int:
        """Write the response's body to a file, only if it is whole, and return its length in bytes."""
        request, attempts = request_of(call, self._options), attempts_of(call, self._options)
        request["headers"] |= STREAMED
        while True:
            try:
                response = await self._http.send(self._http.build_request(**request), stream=True)
                try:
                    if response.status_code == 200:
                        with WholeFile(target, response.headers, sha256=sha256) as file:
                            async for chunk in response.aiter_raw():
                                await asyncio.to_thread(file.write, chunk)
                            return await asyncio.to_thread(file.finish)
                    await response.aread()
                finally:
                    await response.aclose()
            except httpx2.TransportError as error:
                wait = attempts.after_failure(error)
                if wait is None:
                    raise from_transport(error, self._host) from None
            else:
                wait = attempts.after_answer(response.status_code, response.headers)
                if wait is None:
                    raise error_of(response)
            await asyncio.sleep(wait)

    async def events(self, call: Call[T]) -> AsyncIterator[T]:
        """Yield the events of one connection until it ends; nothing is retried."""
        request = event_request_of(call, self._options)
        try:
            response = await self._http.send(self._http.build_request(**request), stream=True)
            try:
                if response.status_code != 200:
                    await response.aread()
                    raise error_of(response)
                async for event in httpx2.EventSource(response):
                    yield event_of(call, event.data)
            finally:
                await response.aclose()
        except httpx2.TransportError as error:
            raise from_transport(error, self._host) from None
