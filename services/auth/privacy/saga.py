"""Work that goes over several services and must be finished: claimed, carried on after any crash, never lost.

A row stands for each piece of work and says when it is due. Whoever claims it moves that moment ahead, and
keeps moving it while it works; when a process dies, the moment comes and another one goes on. Every step can
be repeated, and what must not be written twice is written under the claim's fence.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

_LOOK_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work that this process has; a later claim of it has a higher fence."""

    id: str
    fence: int
    #: How often it was tried since it last got on.
    tries: int


class Due(Protocol):
    """Where work waits; raises Unavailable."""

    async def claim(self, seconds: float) -> Claim | None:
        """Take something that is due for so long; None when nothing is."""
        ...

    async def hold(self, claim: Claim, seconds: float) -> bool:
        """Keep it for so long from now, or leave it until then; say no when somebody else has it."""
        ...


class Saga:
    """Works off what is due, a few pieces at a time."""

    def __init__(
        self,
        name: str,
        due: Due,
        perform: Callable[[Claim], Awaitable[None]],
        *,
        claim_seconds: float,
        at_once: int = 2,
    ) -> None:
        self._name = name
        self._due = due
        self._perform = perform
        self._claim_seconds = claim_seconds
        self._at_once = at_once
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now: something has just become due."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            self._woken.clear()
            if not await self._once():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._woken.wait()

    async def _once(self) -> bool:
        """Do one piece of work; return whether there was one."""
        try:
            claim = await self._due.claim(self._claim_seconds)
        except DomainError as error:
            log.warning("saga.unseen", saga=self._name, **describe(error))
            return False
        if claim is None:
            return False
        work = asyncio.ensure_future(self._perform(claim))
        holding = asyncio.ensure_future(self._hold(claim, work))
        try:
            await work
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            if _is_cancelled():
                raise
            log.warning("saga.lost", saga=self._name, id=claim.id, fence=claim.fence)
        except Exception as error:  # noqa: BLE001  whatever it was, the work stays due
            log.warning("saga.again", saga=self._name, id=claim.id, tries=claim.tries, **describe(error))
            holding.cancel()
            with suppress(DomainError):
                await self._due.hold(claim, min(2.0**claim.tries, _LONGEST_PAUSE_SECONDS))
        finally:
            holding.cancel()
        return True

    async def _hold(self, claim: Claim, work: "asyncio.Future[None]") -> None:
        while True:
            # A claim is renewed three times before it runs out.
            await asyncio.sleep(self._claim_seconds / 3)
            try:
                held = await self._due.hold(claim, self._claim_seconds)
            except DomainError as error:
                # Without the database nobody else can claim it either.
                log.warning("saga.unseen", saga=self._name, **describe(error))
                continue
            if not held:
                work.cancel()
                return


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
