"""The errors of this SDK, one class per kind. No message ever contains a token, a password or a key."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2


class SmeltError(Exception):
    """The base of all errors of this SDK; `str()` is a sentence for a person."""


class BadSettings(SmeltError):
    """The address, the token or the CA file cannot be used."""


class InvalidName(SmeltError):
    """A resource name is not of the form `files/{id}`."""


class InvalidText(SmeltError):
    """A text cannot be sent, because it is not valid Unicode."""


class ConnectionFailed(SmeltError):
    """The server could not be reached, or the connection was lost before the response was complete."""


class TimedOut(ConnectionFailed):
    """The server did not respond in time."""


class FormatUnknown(SmeltError):
    """Results are not written in the format that the ending of a path says."""


class TransferDamaged(SmeltError):
    """A download was incomplete or did not match its digest; nothing was written."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of the request that breaks a rule: its path, such as `templates[0]`, and what is wrong."""

    field: str
    description: str


class ApiError(SmeltError):
    """The server refused the call.

    `reason` is stable. `violations` names the fields that are wrong. `metadata` has the facts of the reason,
    and `details` everything that came with it. `request_id` finds the call in the server's logs.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        status: int,
        request_id: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        details: Sequence[Mapping[str, Any]] = (),
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.status = status
        self.request_id = request_id
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.details = tuple(details)
        self.retry_after_seconds = retry_after_seconds


class InvalidRequest(ApiError):
    """400, 415 and the like: the request is wrong, so repeating it cannot help."""


class NotLoggedIn(ApiError):
    """401: there is no valid session or access token."""


class Refused(ApiError):
    """403: the call is not allowed."""


class NotFound(ApiError):
    """404: the resource does not exist, or belongs to another account."""


class Conflict(ApiError):
    """409: the resource already exists, or has changed in the meantime."""


class TooLarge(ApiError):
    """413: the request holds more bytes than the server accepts."""


class RateLimited(ApiError):
    """429: too many requests; `retry_after_seconds` says how long to wait."""


class ServerFailed(ApiError):
    """5xx: the server could not handle the request now."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: NotLoggedIn,
    403: Refused,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: RateLimited,
}

_ERROR_INFO = "google.rpc.ErrorInfo"
_BAD_REQUEST = "google.rpc.BadRequest"


def from_answer(
    status: int, body: object, headers: Mapping[str, str], *, retry_after_seconds: float | None
) -> ApiError:
    """Return the error for a response; the body may be anything."""
    source: dict[str, Any] = body if isinstance(body, dict) else {}
    message = source.get("message")
    listed = source.get("details")
    details = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    info = _detail(details, _ERROR_INFO)
    metadata = info.get("metadata")
    kind = _BY_STATUS.get(status, ServerFailed if status >= 500 else InvalidRequest)
    return kind(
        message if isinstance(message, str) and message else f"the server answered {status}",
        reason=str(info.get("reason") or f"HTTP_{status}"),
        status=status,
        request_id=headers.get("x-request-id", ""),
        metadata={str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {},
        violations=_violations(_detail(details, _BAD_REQUEST)),
        details=details,
        retry_after_seconds=retry_after_seconds,
    )


def _detail(details: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next((each for each in details if str(each.get("@type", "")).endswith(kind)), {})


def _violations(detail: Mapping[str, Any]) -> list[Violation]:
    listed = detail.get("field_violations", detail.get("fieldViolations"))
    return [
        Violation(str(each.get("field", "")), str(each.get("description", "")))
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    ]


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
