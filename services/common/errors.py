"""Errors that rules raise; `rpc/errors.py` decides what they become on the wire."""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What an error means for the caller."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    EXISTS = "exists"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    EXHAUSTED = "exhausted"
    TOO_LARGE = "too large"
    TOO_SLOW = "too slow"
    OUT_OF_RANGE = "out of range"
    UNAVAILABLE = "unavailable"
    DAMAGED = "damaged"
    INTERNAL = "internal"


class DomainError(Exception):
    """A refusal or failure: a stable UPPER_SNAKE reason, a sentence for people, and facts without secrets."""

    reason: str = "INTERNAL"
    kind: Kind = Kind.INTERNAL
    message: str = "internal error"
    #: The same for all services, so that clients match on the reason alone.
    domain: ClassVar[str] = "smelt"

    def __init__(
        self,
        message: str | None = None,
        *,
        violations: Sequence[tuple[str, str]] = (),
        retry_after_seconds: int | None = None,
        **metadata: str,
    ) -> None:
        self.message = message if message is not None else type(self).message
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds
        self.metadata = metadata
        #: Further messages for the answer, in the form of a contract; doors add them.
        self.details: Sequence[object] = ()
        super().__init__(self.message)


class RemoteError(DomainError):
    """Another service's error, passed on with its own reason."""

    def __init__(
        self,
        reason: str,
        kind: Kind,
        message: str,
        *,
        violations: Sequence[tuple[str, str]] = (),
        retry_after_seconds: int | None = None,
        **metadata: str,
    ) -> None:
        self.reason = reason
        self.kind = kind
        super().__init__(message, violations=violations, retry_after_seconds=retry_after_seconds, **metadata)


class InvalidRequest(DomainError):
    """The request breaks a rule of its contract; the details name the fields."""

    reason = "INVALID_REQUEST"
    kind = Kind.INVALID
    message = "The request is not valid"


class Unauthenticated(DomainError):
    """The credentials are missing or invalid; the cause is never disclosed."""

    reason = "UNAUTHENTICATED"
    kind = Kind.UNAUTHENTICATED
    message = "Sign in first"


class ScopeMissing(DomainError):
    """The access token lacks a scope: changes need `write`, and account settings need a session."""

    reason = "SCOPE_MISSING"
    kind = Kind.FORBIDDEN
    message = "This access token lacks the scope for this request"


class CallerNotAllowed(DomainError):
    """The caller's certificate is not on the method's list of callers."""

    reason = "CALLER_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    message = "This caller may not use this method"


class Unavailable(DomainError):
    """A service or database that is needed does not answer; try again later."""

    reason = "UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    message = "The service is unavailable; try again later"


class DeadlinePassed(DomainError):
    """The work did not finish in time."""

    reason = "DEADLINE_EXCEEDED"
    kind = Kind.UNAVAILABLE
    message = "The service took too long; try again later"
