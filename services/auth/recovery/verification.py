"""Verification of a new account's address, where an installation asks for it."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from services.auth.opaque_tokens import digest_of
from services.auth.recovery.ended_access import EndedAccess
from services.common.errors import DomainError, Kind


class VerificationTokenInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "VERIFICATION_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; register again to get a new one"


class VerificationTokens(Protocol):
    """Stores the tokens by which addresses are verified."""

    async def verify_email(self, digest: bytes, *, now: datetime) -> EndedAccess | None:
        """Use a token up, activate its account, end what was made before; None if it does not work."""
        ...


class Verification:
    """Verifies addresses."""

    def __init__(self, tokens: VerificationTokens, *, clock: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._clock = clock

    async def verify(self, token: str) -> EndedAccess:
        """Activate the account whose address the token was sent to; raise VerificationTokenInvalid."""
        digest = digest_of(token)
        ended = None if digest is None else await self._tokens.verify_email(digest, now=self._clock())
        if ended is None:
            raise VerificationTokenInvalid
        return ended
