"""Any call of the API by method and path, and its answer as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from .call import Call
from .errors import BadSettings
from .wire import error_of

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the API. Headers and body may hold secrets, so the repr leaves them out."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    #: The body, of which `json()` reads JSON.
    content: bytes = field(repr=False)
    _response: httpx2.Response = field(repr=False, compare=False)

    def json(self) -> Any:
        """Return the body, read as JSON; raise ValueError if it is none."""
        return self._response.json()

    def raise_for_status(self) -> Answer:
        """Raise the API's error if the answer is one; return the answer otherwise."""
        if not self._response.is_success:
            raise error_of(self._response)
        return self


def raw_call(
    method: str, path: str, *, params: Mapping[str, str | int | list[str]] | None, body: Any
) -> Call[Any]:
    """Return the call; raise BadSettings for what is not a call of the API."""
    if method.upper() not in _METHODS:
        raise BadSettings(f"the method must be one of {', '.join(sorted(_METHODS))}")
    # Another host would receive the token.
    if not path.startswith("/") or path.startswith("//"):
        raise BadSettings("the path must begin with one /, such as /v1/files")
    return Call(method.upper(), path, lambda data: data, params=params or {}, body=body)


def answer_of(response: httpx2.Response) -> Answer:
    """Return a response as an answer."""
    return Answer(response.status_code, response.headers, response.content, response)
