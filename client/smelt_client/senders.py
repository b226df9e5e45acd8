"""The blocking and the asynchronous way to send a call, with the same retries and the same errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeVar

import httpx2

from .call import Call
from .endpoint import WATCH_TIMEOUT, Endpoint
from .errors import from_transport
from .retries import RetryPolicy
from .transfers import AwaitedContent, WholeFile
from .wire import attempts_of, error_of, event_of, request_of, value_of

T = TypeVar("T")

STREAMED = {"accept-encoding": "identity"}
EVENTS = {"accept": "text/event-stream", "cache-control": "no-store"}


class BlockingSender:
    """Sends calls and blocks until the response is there."""

    def __init__(
        self, endpoint: Endpoint, policy: RetryPolicy, *, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._host = endpoint.host
        self._policy = policy
        self._http = httpx2.Client(**endpoint.options(), transport=transport)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Send a call, retry it if that may help, and return its value."""
        request, attempts = request_of(call), attempts_of(call, self._policy)
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
                    return value_of(call, response, attempts)
            time.sleep(wait)

    def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int:
        """Write the response's body to a file, only if it is whole, and return its length in bytes."""
        request, attempts = request_of(call), attempts_of(call, self._policy)
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
        request = request_of(call)
        request["headers"] |= EVENTS
        request["timeout"] = WATCH_TIMEOUT
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

    def __init__(
        self, endpoint: Endpoint, policy: RetryPolicy, *, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._host = endpoint.host
        self._policy = policy
        self._http = httpx2.AsyncClient(**endpoint.options(), transport=transport)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send a call, retry it if that may help, and return its value."""
        request, attempts = request_of(call), attempts_of(call, self._policy)
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
                    return value_of(call, response, attempts)
            await asyncio.sleep(wait)

    async def receive(self, call: Call[T], target: Path, *, sha256: str = "") -> int:
        """Write the response's body to a file, only if it is whole, and return its length in bytes."""
        request, attempts = request_of(call), attempts_of(call, self._policy)
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
        request = request_of(call)
        request["headers"] |= EVENTS
        request["timeout"] = WATCH_TIMEOUT
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
