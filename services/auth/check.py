"""Who may pass: from an Authorization header to a passport, with the truth asked at every request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.auth.passports import Passports
from services.auth.sessions import USE_NOTED_EVERY, SessionState, Standing
from services.common.errors import Unauthenticated


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


class Uses(Protocol):
    """Where uses of sessions are written."""

    async def note_use(self, session: str, *, now: datetime) -> None:
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


class Gate:
    """Lets a request pass with a passport, or not at all."""

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

    async def admit(self, authorization: str) -> str:
        """Return a passport for the bearer of a session token; raise Unauthenticated for anything else."""
        claims = await self._tokens.verify(_bearer(authorization))
        state = await self._active.require(claims.session, account=claims.account)
        now = self._clock()
        if now >= state.last_used_time + USE_NOTED_EVERY:
            await self._uses.note_use(claims.session, now=now)
        return await self._passports.of(claims.account, claims.session)


def _bearer(authorization: str) -> str:
    # The scheme's name may be written in any case (RFC 9110, 11.1).
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated
    return token.strip(" ")
