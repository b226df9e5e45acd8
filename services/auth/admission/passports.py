"""Passports: one per session, cached for four minutes, signed once however many requests wait for it."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

LIFE = timedelta(minutes=5)
#: A cached passport is handed out for this long, so that even then it has a minute left for its request.
#: Shorter, and the vault signs more often; longer, and slow requests outlive their passports.
KEPT = timedelta(minutes=4)
#: Cached passports at most, about 1 KB each. Fewer than active sessions, and the vault is asked on many
#: requests.
_MOST_KEPT = 20_000


class PassportSigner(Protocol):
    """Signs passports."""

    async def sign_passport(
        self, account: str, session: str, *, scopes: tuple[str, ...], life: timedelta
    ) -> str:
        """Return the token."""
        ...


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    until: float


class Passports:
    """Hands out passports. Whether the session is still active is checked elsewhere, on every request."""

    def __init__(
        self, signer: PassportSigner, monotonic: Callable[[], float], *, most_kept: int = _MOST_KEPT
    ) -> None:
        self._signer = signer
        self._monotonic = monotonic
        self._most_kept = most_kept
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asked: dict[str, asyncio.Task[str]] = {}

    async def of(self, account: str, session: str, scopes: tuple[str, ...]) -> str:
        """Return a passport with at least a minute left, for a session or an access token with this id."""
        kept = self._kept.get(session)
        if kept is not None and self._monotonic() < kept.until:
            return kept.token
        asked = self._asked.get(session)
        if asked is None:
            asked = asyncio.create_task(self._mint(account, session, scopes))
            self._asked[session] = asked
            asked.add_done_callback(lambda task: self._answered(session, task))
        # A request that is cancelled must not cancel the signing for the others that wait for it.
        return await asyncio.shield(asked)

    async def _mint(self, account: str, session: str, scopes: tuple[str, ...]) -> str:
        # Counted from before the vault is asked, so that the cache never outlives the passport.
        until = self._monotonic() + KEPT.total_seconds()
        token = await self._signer.sign_passport(account, session, scopes=scopes, life=LIFE)
        self._kept[session] = _Kept(token, until)
        self._kept.move_to_end(session)
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return token

    def _answered(self, session: str, task: asyncio.Task[str]) -> None:
        del self._asked[session]
        if not task.cancelled():
            # Retrieved, so that asyncio does not report a failure that no request waits for any longer.
            task.exception()
