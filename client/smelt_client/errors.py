"""Everything that can go wrong, one class per kind; no message ever holds a token, a password or a key."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx2


class SmeltError(Exception):
    """The base of all errors of this SDK; `str()` is a sentence for a person."""


class BadSettings(SmeltError):
    """The address, the token or the CA file cannot be used."""


class InvalidName(SmeltError):
    """A resource name is not of the form `files/{id}`."""


class InvalidText(SmeltError):
    """A text is not valid Unicode and cannot be sent."""


class ConnectionFailed(SmeltError):
    """The server could not be reached, or the connection broke before the answer was whole."""


class TimedOut(ConnectionFailed):
    """The server did not answer in time."""


class TransferDamaged(SmeltError):
    """A download was not whole or not what its digest says; nothing was written."""


class ApiError(SmeltError):
    """The server refused. `reason` is stable; `request_id` finds the call in the server's logs."""

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        status: int,
        request_id: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.status = status
        self.request_id = request_id
        self.metadata = dict(metadata or {})
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(ApiError):
    """400, 415 and the like: the request is wrong, and will stay so."""


class NotLoggedIn(ApiError):
    """401: there is no session, or it has ended."""


class Refused(ApiError):
    """403: it is not allowed."""


class NotFound(ApiError):
    """404: it does not exist, or belongs to somebody else."""


class Conflict(ApiError):
    """409: it exists already, or changed meanwhile."""


class TooLarge(ApiError):
    """413: more bytes than the server takes."""


class RateLimited(ApiError):
    """429: too many requests; `retry_after_seconds` says when to come back."""


class ServerFailed(ApiError):
    """5xx: the server could not do it now."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotLoggedIn,
    403: Refused,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
}

ERROR_INFO = "google.rpc.ErrorInfo"


def from_answer(
    status: int, body: object, headers: Mapping[str, str], *, retry_after_seconds: float | None
) -> ApiError:
    """Return the error that an answer stands for; the body may be anything."""
    source: dict[str, Any] = body if isinstance(body, dict) else {}
    message = source.get("message")
    details = source.get("details")
    info: dict[str, Any] = {}
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith(ERROR_INFO):
            info = detail
            break
    metadata = info.get("metadata")
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else InvalidRequest)
    return kind(
        message if isinstance(message, str) and message else f"the server answered {status}",
        reason=str(info.get("reason") or f"HTTP_{status}"),
        status=status,
        request_id=headers.get("x-request-id", ""),
        metadata={str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {},
        retry_after_seconds=retry_after_seconds,
    )


def from_transport(error: httpx2.TransportError, host: str) -> ConnectionFailed:
    """Return the error for a connection that failed."""
    if isinstance(error, httpx2.TimeoutException):
        return TimedOut(f"{host} did not answer in time")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectionFailed(
                f"the certificate of {host} is not trusted; check that the CA file is the right one"
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx2.ConnectError):
        return ConnectionFailed(f"cannot reach {host}; check that the server is running")
    return ConnectionFailed(f"the connection to {host} was lost")
