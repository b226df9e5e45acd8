"""What both senders share: how a call becomes a request and a response becomes a value."""

from __future__ import annotations

import json
import uuid
from typing import Any, TypeVar

import httpx2

from .call import Call
from .errors import ApiError, ConnectionFailed, InvalidText, from_answer
from .options import Options
from .retries import Attempts, retry_after_seconds

T = TypeVar("T")

# An answer may wait for a password hash or, in an upload, for the reading of a large file.
_USUAL_SECONDS = 60.0
_SLOW_SECONDS = 300.0
# While a job is watched, the server sends an event at least every 15 seconds.
_EVENT_SECONDS = 45.0

REPEATABLE_METHODS = frozenset({"GET", "PUT", "PATCH", "DELETE"})


def request_of(call: Call[T], options: Options) -> dict[str, Any]:
    """Return the arguments of the HTTP library's `build_request`; the same for every attempt of a call."""
    headers: dict[str, str] = {**options.headers}
    slow = call.slow or call.content is not None
    if call.creates:
        headers["idempotency-key"] = call.idempotency_key or str(uuid.uuid4())
    request: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "params": [
            (name, _utf8(str(each)).decode())
            for name, value in call.params.items()
            for each in (value if isinstance(value, list) else [value])
        ]
        # An empty list would remove a query that is in the path.
        or None,
        "headers": headers,
        "timeout": _timeout(options, _SLOW_SECONDS if slow else _USUAL_SECONDS),
    }
    if call.content is not None:
        headers["content-type"] = "text/csv"
        headers["content-length"] = str(call.content.size_bytes)
        request["content"] = call.content
    elif call.method in ("POST", "PATCH", "PUT"):
        headers["content-type"] = "application/json"
        request["content"] = _utf8(json.dumps(call.body or {}, ensure_ascii=False))
    return request


def event_request_of(call: Call[T], options: Options) -> dict[str, Any]:
    """Return the arguments of `build_request` for a stream of events."""
    request = request_of(call, options)
    request["headers"] |= {"accept": "text/event-stream", "cache-control": "no-store"}
    # A shorter timeout of the client's would end every quiet stream.
    request["timeout"] = _timeout(Options(), _EVENT_SECONDS)
    return request


def _timeout(options: Options, usual: float) -> httpx2.Timeout:
    answer, connection = options.seconds(usual)
    return httpx2.Timeout(answer, connect=connection, pool=connection)


def attempts_of(call: Call[T], options: Options) -> Attempts:
    """Return the attempts that a call may have."""
    repeatable = call.creates or call.repeatable or call.method in REPEATABLE_METHODS
    name = f"{call.method} {call.path.partition('?')[0]}"
    return Attempts(options.policy, name, repeatable=repeatable)


def value_of(call: Call[T], response: httpx2.Response, attempts: Attempts) -> T:
    """Return the value of a response, or raise its error."""
    if response.is_success:
        return call.parse(_json(response))
    if call.method == "DELETE" and response.status_code == 404 and attempts.count > 1:
        # An earlier attempt did the work, and its response was lost.
        return call.parse({})
    raise error_of(response)


def error_of(response: httpx2.Response) -> ApiError:
    """Return the error for a response whose body has been read."""
    try:
        body = response.json()
    except ValueError:
        body = None
    return from_answer(
        response.status_code,
        body,
        response.headers,
        retry_after_seconds=retry_after_seconds(response.headers),
    )


def event_of(call: Call[T], data: str) -> T:
    """Return the value of an event. Anything but a resource means that the stream broke off."""
    try:
        content = json.loads(data)
    except ValueError:
        content = None
    if not isinstance(content, dict) or "name" not in content:
        raise ConnectionFailed("the event stream broke off")
    return call.parse(content)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Text that a shell passed in another encoding arrives as lone surrogates.
        raise InvalidText("a name or text in the request is not valid Unicode") from None


def _json(response: httpx2.Response) -> Any:
    if not response.content:
        return {}
    try:
        return response.json()
    except ValueError:
        raise ConnectionFailed(
            "the server did not answer with JSON; check that the address is a Smelt server"
        ) from None
