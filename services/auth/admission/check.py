"""Who may pass: from an Authorization header to a passport, with the truth asked at every request.

Behind the header is the token of a session, which may do everything, or an access token with its scopes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.auth.admission.passports import Passports
from services.auth.sessions.sessions import USE_NOTED_EVERY, SessionState, Standing
from services.auth.tokens import token_text
from services.auth.tokens.access_tokens import READ, WRITE, TokenState
from services.common.errors import ScopeMissing, Unauthenticated

#: What a session may do: everything its person may, the account itself included.
SESSION_SCOPES = (READ, WRITE, "account")
#: Methods of HTTP that change nothing (RFC 9110, 9.2.1), as far as the edge has routes for them.
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What a session token says."""

    account: str
    session: str


class SessionTokens(Protocol):
    """Takes session tokens and nothing else."""

    async def verify(self, token: str) -> SessionClaims:
        """Return what the token says; raise Unauthenticated."""
        ...


class SessionStates(Protocol):
    """Where a session's state is read, with one look at its row."""

    async def find(self, session: str) -> SessionState | None:
        """Return the state as it is now."""
        ...


class TokenStates(Protocol):
    """Where an access token's state is read, by the digest of its text."""

    async def find(self, digest: bytes) -> TokenState | None:
        """Return the state as it is now."""
        ...


class Uses(Protocol):
    """Where uses of sessions, or of access tokens, are written."""

    async def note_use(self, id_: str, /, *, now: datetime) -> None:
        """Write the time of use, unless a recent one stands there."""
        ...


class ActiveSessions:
    """Says whether a session stands now; raises Unauthenticated alike for every way it may not."""

    def __init__(self, states: SessionStates, *, idle: timedelta, clock: Callable[[], datetime]) -> None:
        self._states = states
        self._idle = idle
        self._clock = clock

    async def require(self, session: str, *, account: str) -> SessionState:
        """Return the state of an active session of this account."""
        state = await self._states.find(session)
        if state is None:
            raise Unauthenticated
        if state.standing(account, now=self._clock(), idle=self._idle) is not Standing.ACTIVE:
            raise Unauthenticated
        return state


class SessionGate:
    """Lets people in by the tokens of their sessions."""

    def __init__(
        self,
        tokens: SessionTokens,
        active: ActiveSessions,
        *,
        uses: Uses,
        passports: Passports,
        clock: Callable[[], datetime],
    ) -> None:
        self._tokens = tokens
        self._active = active
        self._uses = uses
        self._passports = passports
        self._clock = clock

    async def admit(self, token: str) -> str:
        """Return a passport with all scopes; raise Unauthenticated."""
        claims = await self._tokens.verify(token)
        state = await self._active.require(claims.session, account=claims.account)
        now = self._clock()
        if now >= state.last_used_time + USE_NOTED_EVERY:
            await self._uses.note_use(claims.session, now=now)
        return await self._passports.of(claims.account, claims.session, SESSION_SCOPES)


class TokenGate:
    """Lets scripts in by access tokens."""

    def __init__(
        self, states: TokenStates, *, uses: Uses, passports: Passports, clock: Callable[[], datetime]
    ) -> None:
        self._states = states
        self._uses = uses
        self._passports = passports
        self._clock = clock

    async def admit(self, token: str, *, method: str) -> str:
        """Return a passport with the token's scopes; raise Unauthenticated, or ScopeMissing for the method.

        Which scope each RPC asks for is in the services' policies; that what is not a GET takes `write` is
        true of them all, and is told here before anything else is asked.
        """
        digest = token_text.digest_of(token)
        state = None if digest is None else await self._states.find(digest)
        if state is None:
            raise Unauthenticated
        now = self._clock()
        state.require_active(now)
        if method not in _READING and WRITE not in state.scopes:
            raise ScopeMissing(scope=WRITE)
        if state.last_used_time is None or now >= state.last_used_time + USE_NOTED_EVERY:
            await self._uses.note_use(state.id, now=now)
        return await self._passports.of(state.account, state.id, state.scopes)


class Gate:
    """Lets a request pass with a passport, or not at all."""

    def __init__(self, sessions: SessionGate, access_tokens: TokenGate) -> None:
        self._sessions = sessions
        self._access_tokens = access_tokens

    async def admit(self, authorization: str, *, method: str) -> str:
        """Return a passport for the bearer of a token of either kind; raise Unauthenticated, ScopeMissing."""
        token = _bearer(authorization)
        if token_text.is_meant(token):
            return await self._access_tokens.admit(token, method=method)
        return await self._sessions.admit(token)


def _bearer(authorization: str) -> str:
    # The scheme's name may be written in any case (RFC 9110, 11.1).
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip(" ")
