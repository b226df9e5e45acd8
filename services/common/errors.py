"""Errors that rules raise; what they become on the wire is decided in grpc_errors."""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What an error means for the one who asked."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    EXISTS = "exists"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    EXHAUSTED = "exhausted"
    TOO_LARGE = "too large"
    OUT_OF_RANGE = "out of range"
    UNAVAILABLE = "unavailable"
    DAMAGED = "damaged"
    INTERNAL = "internal"


class DomainError(Exception):
    """An outcome that a rule names: a stable UPPER_SNAKE reason, a sentence, and facts without secrets."""

    reason: str = "INTERNAL"
    kind: Kind = Kind.INTERNAL
    message: str = "internal error"
    #: Which service's rule it is; the same for all, so that clients match on the reason alone.
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
        super().__init__(self.message)


class RemoteError(DomainError):
    """What another service answered, passed on under its own reason."""

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
    """The request does not have the shape that its contract asks for."""

    reason = "INVALID_REQUEST"
    kind = Kind.INVALID
    message = "The request is not valid"


class Unauthenticated(DomainError):
    """Nobody whom we know is asking; alike for every cause."""

    reason = "UNAUTHENTICATED"
    kind = Kind.UNAUTHENTICATED
    message = "Sign in first"


class ScopeMissing(DomainError):
    """The access token may not do this; changes need `write`, an account's own matters a session."""

    reason = "SCOPE_MISSING"
    kind = Kind.FORBIDDEN
    message = "This access token may not do this"


class CallerNotAllowed(DomainError):
    """The caller's certificate is not on the method's list."""

    reason = "CALLER_NOT_ALLOWED"
    kind = Kind.FORBIDDEN
    message = "This caller may not use this method"


class Unavailable(DomainError):
    """A part that is needed does not answer; trying again later is right."""

    reason = "UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    message = "The service is not available"


class DeadlinePassed(DomainError):
    """There was no time left for the work."""

    reason = "DEADLINE_EXCEEDED"
    kind = Kind.UNAVAILABLE
    message = "The service took too long"
