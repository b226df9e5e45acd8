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
        self, account: str, session: str, *, scopes: tuple[str, ...], generation: int, life: timedelta
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
        #: By session and generation: after a new password, a session that goes on needs a new passport.
        self._kept: OrderedDict[tuple[str, int], _Kept] = OrderedDict()
        self._asked: dict[tuple[str, int], asyncio.Task[str]] = {}

    async def of(self, account: str, session: str, scopes: tuple[str, ...], *, generation: int) -> str:
        """Return a passport with at least a minute left, for a session or an access token with this id."""
        key = (session, generation)
        kept = self._kept.get(key)
        if kept is not None and self._monotonic() < kept.until:
            return kept.token
        asked = self._asked.get(key)
        if asked is None:
            asked = asyncio.create_task(self._mint(account, key, scopes))
            self._asked[key] = asked
            asked.add_done_callback(lambda task: self._answered(key, task))
        # A request that is cancelled must not cancel the signing for the others that wait for it.
        return await asyncio.shield(asked)

    async def _mint(self, account: str, key: tuple[str, int], scopes: tuple[str, ...]) -> str:
        # Counted from before the vault is asked, so that the cache never outlives the passport.
        until = self._monotonic() + KEPT.total_seconds()
        session, generation = key
        token = await self._signer.sign_passport(
            account, session, scopes=scopes, generation=generation, life=LIFE
        )
        self._kept[key] = _Kept(token, until)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return token

    def _answered(self, key: tuple[str, int], task: asyncio.Task[str]) -> None:
        del self._asked[key]
        if not task.cancelled():
            # Retrieved, so that asyncio does not report a failure that no request waits for any longer.
            task.exception()
