"""The only writer of a replica's audit chain: everything that queued during one commit goes into the next.

It writes events, and items that `Batches` decides on in the same transaction; it does not know what they
mean.

An advisory lock on a connection of its own keeps other processes from its chain. When an exchange fails or is
late, the writer refuses everything that waits, the replica is not ready, and the writer starts again with a
new connection, the lock and the head of the chain.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from services.common.clock import Now
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.vault.audit.actions import Action
from services.vault.audit.chain import AuditUnavailable, Chain, Event, Head
from services.vault.audit.store import appending
from services.vault.bounded_connection import BoundedConnection

#: How long the record of one call may take, including the queue. Shorter, and a slow disk refuses calls;
#: longer, and callers time out first and cannot tell whether they were served.
WRITE_SECONDS = 2.0
_CONNECT_SECONDS = 3.0
_PROBE_SECONDS = 1.0
_PAUSE_SECONDS = 0.2
_LARGEST_BATCH = 256
_LONGEST_QUEUE = 4096
_MOST_CHAINS = 1000

Item = TypeVar("Item")
Verdict = TypeVar("Verdict")
_Item = TypeVar("_Item", contravariant=True)
_Verdict = TypeVar("_Verdict", covariant=True)
#: Receives the verdict on an item, None for a recorded event, or the reason why nothing was recorded.
Answer = Callable[[Verdict | DomainError | None], None]


class Batches(Protocol[_Item, _Verdict]):
    """Decides on items and makes them durable together with events."""

    def commit(
        self, database: BoundedConnection, head: Head, batch: Sequence[_Item | Event], *, seconds: float
    ) -> AbstractAsyncContextManager[Sequence[_Verdict | None]]:
        """Commit within `seconds` and move `head` along; yield a verdict for each item, None for each event.

        Keys in verdicts are wiped at the end of the block. Raises if nothing may be answered.
        """


def _nobody(verdict: object) -> None:
    """Nobody waits for this record."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Item, Verdict]):
    """Something that waits for its record; `answer` is removed once it was called."""

    what: Item | Event
    answer: Answer[Verdict] | None
    timer: asyncio.TimerHandle | None = field(default=None)

    def settle(self, verdict: Verdict | DomainError | None) -> None:
        answer, self.answer = self.answer, None
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if answer is not None:
            answer(verdict)


class CheckpointSigner(Protocol):
    """Signs where the chain ends."""

    def moved(self, head: Head) -> None: ...

    async def continues(self, head: Head) -> bool: ...


class AuditWriter(Generic[Item, Verdict]):
    """Makes records durable in batches. Callers use `submit`, `record` and `note`; `run` does the writing."""

    def __init__(
        self,
        url: str,
        slot: str,
        *,
        chain: Chain,
        batches: Batches[Item, Verdict],
        checkpoints: CheckpointSigner,
        now: Now,
    ) -> None:
        self._url = url
        self._slot = slot
        self._chain = chain
        self._batches = batches
        self._checkpoints = checkpoints
        self._now = now
        self._queue: deque[_Waiting[Item, Verdict]] = deque()
        self._wake = asyncio.Event()
        self._healthy = False

    def submit(self, item: Item, answer: Answer[Verdict], *, seconds: float) -> None:
        """Have an item decided and recorded; call `answer` once, within `seconds` and WRITE_SECONDS."""
        self._put(item, answer, seconds)

    async def record(self, event: Event) -> None:
        """Return once the event is durable; otherwise raise AuditUnavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def answer(verdict: Verdict | DomainError | None) -> None:
            if not done.done():
                if isinstance(verdict, DomainError):
                    done.set_exception(verdict)
                else:
                    done.set_result(None)

        self._put(event, answer, WRITE_SECONDS)
        await done

    def note(self, event: Event) -> None:
        """Have an event recorded without waiting for it; for calls that are refused anyway."""
        self._put(event, _nobody, WRITE_SECONDS)

    async def check(self) -> None:
        """Raise AuditUnavailable unless this replica has its chain and the last exchange succeeded."""
        if not self._healthy:
            raise AuditUnavailable

    async def run(self) -> None:
        """Write until cancelled, even if the database goes away and comes back."""
        while True:
            database: BoundedConnection | None = None
            try:
                database = await BoundedConnection.open(self._url, seconds=_CONNECT_SECONDS)
                head = await self._take_chain(database)
                await self._write(database, head)
            except Exception as error:  # noqa: BLE001  any failure ends this connection, not the writer
                log.error("audit.unavailable", chain=self._slot, **describe(error))
            finally:
                self._healthy = False
                self._refuse(self._queue)
                self._queue.clear()
                if database is not None:
                    await database.close()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _put(self, what: Item | Event, answer: Answer[Verdict], seconds: float) -> None:
        if not self._healthy or len(self._queue) >= _LONGEST_QUEUE:
            answer(AuditUnavailable())
            return
        waiting: _Waiting[Item, Verdict] = _Waiting(what, answer)
        waiting.timer = asyncio.get_running_loop().call_later(
            min(seconds, WRITE_SECONDS), waiting.settle, AuditUnavailable()
        )
        self._queue.append(waiting)
        self._wake.set()

    async def _take_chain(self, database: BoundedConnection) -> Head:
        # Another process of this slot may have it, or a dead connection that the server has not noticed yet.
        while not await database.exchange(appending.lock(database.raw, self._slot), seconds=WRITE_SECONDS):
            log.warning("audit.chain_held_elsewhere", chain=self._slot)
            await asyncio.sleep(_PAUSE_SECONDS)
        for name in self._names():
            genesis = self._chain.genesis(name)
            head = await database.exchange(appending.head(database.raw, genesis), seconds=WRITE_SECONDS)
            if await self._checkpoints.continues(head):
                return head
            # The database was restored, or the chain's end was cut off. Continuing from there would make two
            # chains of one name; a new chain keeps the gap visible.
            log.error("audit.chain_shorter_than_checkpoint", chain=name, seq=head.seq)
        raise AuditUnavailable

    def _names(self) -> Iterator[str]:
        yield self._slot
        yield from (f"{self._slot}.{n}" for n in range(2, _MOST_CHAINS))

    async def _write(self, database: BoundedConnection, head: Head) -> None:
        log.info("audit.chain_taken", chain=head.chain, seq=head.seq)
        months: set[tuple[int, int]] = set()
        await self._make_months(database, months)
        # Only writing a record shows that records can be written.
        await self._commit(database, head, [_Waiting(Event("", "", Action.TAKE_CHAIN, "ok"), None)])
        self._healthy = True
        while True:
            await self._make_months(database, months)
            if not self._queue:
                self._wake.clear()
                try:
                    async with asyncio.timeout(_PROBE_SECONDS):
                        await self._wake.wait()
                except TimeoutError:
                    await database.exchange(appending.probe(database.raw), seconds=WRITE_SECONDS)
                    continue
            await self._gather()
            await self._write_batch(database, head)

    async def _gather(self) -> None:
        # Messages that have already arrived join the batch: wait as long as each turn of the loop brings
        # more.
        before = 0
        while before < len(self._queue) < _LARGEST_BATCH:
            before = len(self._queue)
            await asyncio.sleep(0)

    async def _make_months(self, database: BoundedConnection, made: set[tuple[int, int]]) -> None:
        now = self._now()
        # A day ahead, so that no batch needs a partition that does not exist yet.
        for moment in (now, now + timedelta(days=1)):
            if (moment.year, moment.month) not in made:
                await database.exchange(appending.make_month(database.raw, moment), seconds=WRITE_SECONDS)
                made.add((moment.year, moment.month))

    async def _write_batch(self, database: BoundedConnection, head: Head) -> None:
        taken = [self._queue.popleft() for _ in range(min(len(self._queue), _LARGEST_BATCH))]
        batch = [waiting for waiting in taken if waiting.answer is not None]
        if batch:
            await self._commit(database, head, batch)

    async def _commit(
        self, database: BoundedConnection, head: Head, batch: Sequence[_Waiting[Item, Verdict]]
    ) -> None:
        what = [waiting.what for waiting in batch]
        try:
            async with self._batches.commit(database, head, what, seconds=WRITE_SECONDS) as verdicts:
                self._checkpoints.moved(head)
                for waiting, verdict in zip(batch, verdicts, strict=True):
                    waiting.settle(verdict)
        except BaseException:
            self._healthy = False
            self._refuse(batch)
            raise

    @staticmethod
    def _refuse(waiting: Sequence[_Waiting[Item, Verdict]] | deque[_Waiting[Item, Verdict]]) -> None:
        for each in list(waiting):
            each.settle(AuditUnavailable())
