"""Verification of the session tokens in requests."""

from services.auth.admission.check import SessionClaims
from services.common.errors import Unauthenticated
from services.common.tokens import Kind, TokenVerifier


class VerifiedSessions:
    """Verifies session tokens with the vault's public keys."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def verify(self, token: str) -> SessionClaims:
        claims = await self._verifier.verify(Kind.SESSION, token)
        account, session = claims.get("sub"), claims.get("sid")
        if not isinstance(account, str) or not isinstance(session, str):
            raise Unauthenticated
        # Nothing else can be an id of ours, so the database is not asked.
        if not (session.isascii() and session.isalnum()):
            raise Unauthenticated
        return SessionClaims(account=account, session=session)
