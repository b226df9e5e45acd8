"""Work that must be finished whatever crashes: claimed when due, held under a fence, put off, or given up.

Each piece of work has a row that says when it is due. A process that claims a piece moves that time ahead,
and keeps moving it while it works. If the process dies, the time arrives and another process continues. So
every step of the work must be safe to repeat, and whatever must not be written twice is written under the
claim's fence.

Mails, account deletions and data exports share this mechanism, because what makes it safe against kills is
easy to break and hard to test. It has its own room, because it knows nothing about any of them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

#: Doublings beyond this change nothing but could overflow: work that never gives up fails thousands of times.
_MOST_DOUBLINGS = 40


class Hopeless(Exception):
    """Trying this piece of work again would not help."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work that this process holds; a later claim of the same piece has a higher fence."""

    id: str
    fence: int
    #: How often it has been tried since it last made progress, this try included.
    tries: int


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long work is put off after a failure: the first pause, then twice as long each time, up to a limit.

    Too short, and a peer that is down is called all the time; too long, and work waits after it is back.
    """

    first_seconds: float
    longest_seconds: float

    def after(self, tries: int) -> float:
        """Return the seconds until the next try."""
        return min(self.first_seconds * 2.0 ** min(tries - 1, _MOST_DOUBLINGS), self.longest_seconds)


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many failed tries a piece of work is given up, and what ends it then."""

    most_tries: int
    give_up: Callable[[Claim], Awaitable[None]]


class DueRows(Protocol):
    """Where work waits; raises Unavailable."""

    async def claim(self, seconds: float) -> Claim | None:
        """Claim a piece of work that is due, for this many seconds; return None when nothing is due."""
        ...

    async def hold(self, claim: Claim, seconds: float) -> bool:
        """Make a claimed piece due this many seconds from now; return False when the claim was lost."""
        ...


class DueWork:
    """Works off what is due, a few pieces at a time."""

    def __init__(
        self,
        name: str,
        rows: DueRows,
        perform: Callable[[Claim], Awaitable[None]],
        *,
        pauses: Pauses,
        claim_seconds: float,
        look_seconds: float = 1.0,
        patience: Patience | None = None,
        at_once: int = 1,
    ) -> None:
        """`perform` carries a piece of work through and ends it, or raises what stood in the way.

        Without `patience` a piece is tried until it succeeds. `look_seconds` is how often the database is
        asked when nothing was due: a shorter time costs idle queries, a longer one delays new work.
        """
        self._name = name
        self._rows = rows
        self._perform = perform
        self._pauses = pauses
        self._claim_seconds = claim_seconds
        self._look_seconds = look_seconds
        self._patience = patience
        self._at_once = at_once
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once: something has just become due."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            if not await self.once():
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_seconds):
                        await self._woken.wait()

    async def once(self) -> bool:
        """Try one piece of work that is due; return whether there was one."""
        try:
            claim = await self._rows.claim(self._claim_seconds)
        except DomainError as error:
            log.warning("due.unseen", work=self._name, **describe(error))
            return False
        if claim is None:
            return False
        trying = asyncio.ensure_future(self._try(claim))
        holding = asyncio.ensure_future(self._hold(claim, trying))
        try:
            await trying
        except asyncio.CancelledError:
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)
            if _is_cancelled():
                raise
            log.warning("due.lost", work=self._name, id=claim.id, fence=claim.fence)
        except Exception as error:  # noqa: BLE001  whatever it was, the work stays due
            log.warning("due.put_off", work=self._name, id=claim.id, tries=claim.tries, **describe(error))
            holding.cancel()
            with suppress(DomainError):
                await self._rows.hold(claim, self._pauses.after(claim.tries))
        finally:
            holding.cancel()
        return True

    async def _try(self, claim: Claim) -> None:
        patience = self._patience
        # More tries than allowed: the process that made the last one died before it could give up.
        if patience is None or claim.tries <= patience.most_tries:
            try:
                await self._perform(claim)
            except Exception as error:
                last = patience is not None and claim.tries == patience.most_tries
                if patience is None or not (last or isinstance(error, Hopeless)):
                    raise
                log.warning("due.failed", work=self._name, id=claim.id, tries=claim.tries, **describe(error))
            else:
                return
        log.error("due.given_up", work=self._name, id=claim.id, tries=claim.tries)
        await patience.give_up(claim)

    async def _hold(self, claim: Claim, trying: "asyncio.Future[None]") -> None:
        while True:
            # A claim is renewed three times before it runs out.
            await asyncio.sleep(self._claim_seconds / 3)
            try:
                held = await self._rows.hold(claim, self._claim_seconds)
            except DomainError as error:
                # While the database is down, no other process can claim the work either.
                log.warning("due.unseen", work=self._name, **describe(error))
                continue
            if not held:
                trying.cancel()
                return


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
