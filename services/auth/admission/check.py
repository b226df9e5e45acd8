"""Whether a request may pass: from an Authorization header to a passport, looked up on every request.

The header holds the token of a session, which has all scopes, or an access token with its own scopes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.auth.admission.passports import Passports
from services.auth.sessions.sessions import USE_NOTED_EVERY, SessionState, Standing
from services.auth.tokens import token_text
from services.auth.tokens.access_tokens import READ, WRITE, TokenState
from services.common.errors import ScopeMissing, Unauthenticated

#: The scopes of a session: all of them, including `account`.
SESSION_SCOPES = (READ, WRITE, "account")
#: The safe HTTP methods (RFC 9110, 9.2.1) that the gateway has routes for.
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """The claims of a session token."""

    account: str
    session: str


class SessionTokens(Protocol):
    """Verifies session tokens and no other kind."""

    async def verify(self, token: str) -> SessionClaims:
        """Return the token's claims; raise Unauthenticated."""
        ...


class SessionStates(Protocol):
    """Reads the current state of sessions."""

    async def find(self, session: str) -> SessionState | None:
        """Return the current state; None if there is no such row."""
        ...


class TokenStates(Protocol):
    """Reads the current state of access tokens, by the digests of their texts."""

    async def find(self, digest: bytes) -> TokenState | None:
        """Return the current state; None if there is no such row."""
        ...


class Uses(Protocol):
    """Records when sessions, or access tokens, were last used."""

    async def note_use(self, id_: str, /, *, now: datetime) -> None:
        """Write the time of use, unless a recent one is stored."""
        ...


class ActiveSessions:
    """Decides whether a session is active; every reason that it is not raises the same Unauthenticated."""

    def __init__(self, states: SessionStates, *, idle: timedelta) -> None:
        self._states = states
        self._idle = idle

    async def require(self, session: str, *, account: str) -> SessionState:
        """Return the state of an active session of this account."""
        state = await self._states.find(session)
        if state is None:
            raise Unauthenticated
        if state.standing(account, idle=self._idle) is not Standing.ACTIVE:
            raise Unauthenticated
        return state


class SessionGate:
    """Lets people in by session tokens."""

    def __init__(
        self,
        tokens: SessionTokens,
        active: ActiveSessions,
        *,
        uses: Uses,
        passports: Passports,
    ) -> None:
        self._tokens = tokens
        self._active = active
        self._uses = uses
        self._passports = passports

    async def admit(self, token: str) -> str:
        """Return a passport with all scopes; raise Unauthenticated."""
        claims = await self._tokens.verify(token)
        state = await self._active.require(claims.session, account=claims.account)
        if state.read_time >= state.last_used_time + USE_NOTED_EVERY:
            await self._uses.note_use(claims.session, now=state.read_time)
        return await self._passports.of(
            claims.account, claims.session, SESSION_SCOPES, generation=state.generation
        )


class TokenGate:
    """Lets scripts in by access tokens."""

    def __init__(self, states: TokenStates, *, uses: Uses, passports: Passports) -> None:
        self._states = states
        self._uses = uses
        self._passports = passports

    async def admit(self, token: str, *, method: str) -> str:
        """Return a passport with the token's scopes; raise Unauthenticated, or ScopeMissing for the method.

        The services' policies say which scope each RPC requires. Everything but a GET requires at least
        `write`, so that much is checked here, before any service is called.
        """
        digest = token_text.digest_of(token)
        state = None if digest is None else await self._states.find(digest)
        if state is None:
            raise Unauthenticated
        state.require_active()
        if method not in _READING and WRITE not in state.scopes:
            raise ScopeMissing(scope=WRITE)
        if state.last_used_time is None or state.read_time >= state.last_used_time + USE_NOTED_EVERY:
            await self._uses.note_use(state.id, now=state.read_time)
        return await self._passports.of(state.account, state.id, state.scopes, generation=state.generation)


class Gate:
    """Lets a request pass with a passport, or refuses it."""

    def __init__(self, sessions: SessionGate, access_tokens: TokenGate) -> None:
        self._sessions = sessions
        self._access_tokens = access_tokens

    async def admit(self, authorization: str, *, method: str) -> str:
        """Return a passport for a token of either kind; raise Unauthenticated or ScopeMissing."""
        token = _bearer(authorization)
        if token_text.is_meant(token):
            return await self._access_tokens.admit(token, method=method)
        return await self._sessions.admit(token)


def _bearer(authorization: str) -> str:
    # The name of the scheme is case-insensitive (RFC 9110, 11.1).
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip(" ")
