"""The course of a shard of an economy job: choose rows, upload, make a batch, look at it, collect it, repeat.

Each state is recorded before the call that leads out of it, so a worker that dies leaves one of two cases:
the call was not made, or it was made and its answer lost. A file that was uploaded twice costs nothing; the
first one is deleted. A batch whose making was not answered is found at the provider by its mark. Only if it
is not there, twice, it is made again: its rows may then be paid for twice, and the log says which
(`batch.made_again`).
"""

import asyncio
import secrets
from dataclasses import dataclass, replace

from services.common.logs import log
from services.processor.economy.answers import BatchCalls
from services.processor.economy.batch import Batch, JobStopped, State, ranges
from services.processor.economy.building import Builder
from services.processor.economy.collecting import Collector
from services.processor.economy.keys import BatchKeys, Ends
from services.processor.economy.parts import CourseParts
from services.processor.economy.trouble import is_open, pause_of
from services.processor.jobs.economy import Economy
from services.processor.jobs.seal import JobSeal
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.batches import BatchCallFailed
from services.processor.provider.failures import BATCH_QUEUE_FULL, BATCH_REFUSED, BATCHES_UNSUPPORTED
from services.processor.provider.seen_batches import SeenBatch, Stage
from services.processor.rows.claims import Claim
from services.processor.rows.economy import Rest
from services.processor.rows.endings import Again, Ended, Ending, Fail, Pause, Stopped
from services.processor.rows.loop import Prepared

#: The longest time between two looks at a batch. Longer, and its answers come later than they must; shorter,
#: and a day takes more releases of the API key.
LONGEST_POLL_SECONDS = 1800.0
#: How long a batch waits that the provider had no room for.
_FULL_SECONDS = 900.0
_OVER_BUDGET = "The next batch could exceed the job's budget; resume the job with a higher one"
#: In how many looks after a batch was made again its twin is looked for.
_TWIN_LOOKS = 3


@dataclass(frozen=True, slots=True)
class _Finished:
    """All rows have their results."""


_Next = Ending | Rest | _Finished | None


def poll_seconds(age_seconds: float, first_seconds: float) -> float:
    """Return when to look again at a batch that is so old: after a tenth of its age, within bounds."""
    return min(LONGEST_POLL_SECONDS, max(first_seconds, age_seconds / 10))


class ShardCourse:
    """One shard, under one claim."""

    def __init__(self, parts: CourseParts, claim: Claim, prepared: Prepared, *, seal: JobSeal) -> None:
        self._parts = parts
        self._claim = claim
        self._prepared = prepared
        self._seal = seal
        self._keys = BatchKeys(parts.keys, claim)
        self._builder = Builder(
            claim, prepared, seal=seal, files=parts.files, begun=parts.store, refused=parts.refused
        )
        self._ended = Ended()
        self._work: asyncio.Future[_Next] | None = None

    def end(self, ending: Ending) -> None:
        """Start nothing new; the call that is under way is finished and recorded."""
        self._ended.end(ending)

    def stop(self, ending: Ending) -> None:
        """End at once; the call that is under way is dropped."""
        self._ended.end(ending)
        if self._work is not None:
            self._work.cancel()

    async def run(self) -> Ending | Rest | None:
        """Bring the shard on until it must wait; return None when all its rows are done."""
        self._work = asyncio.ensure_future(self._steps())
        try:
            ending = await self._work
        except asyncio.CancelledError:
            self._work.cancel()
            if self._ended.ending is None:
                raise
            return self._ended.ending
        except Ends as ends:
            return ends.ending
        except JobStopped:
            return Stopped()
        except AddressNotAllowed as error:
            return Fail(error.reason, error.message)
        except BatchCallFailed as error:
            return self._parts.trouble.met(self._claim, error.failure)
        self._parts.trouble.is_over(self._claim)
        return None if isinstance(ending, _Finished) else ending

    async def _steps(self) -> _Next:
        while self._ended.ending is None:
            batch = await self._parts.store.current(self._claim)
            ending = await (self._next() if batch is None else self._go_on(batch))
            if ending is not None:
                return ending
        return self._ended.ending

    async def _next(self) -> _Next:
        """Record and upload the next batch, or say why there is none."""
        parts, claim = self._parts, self._claim
        async with parts.turns.of(claim.account):
            if claim.economy == Economy.OVER:
                return await self._rest() if await self._builder.any_open() else _Finished()
            if await parts.is_used_up(claim.job):
                return Pause("QUOTA", "USAGE_LIMIT", "The account's plan for this month is used up")
            money = await parts.store.money_left(claim) if claim.max_cost_nanos else None
            chosen = await self._builder.choose(await parts.store.spent(claim), money)
            if chosen.skipped:
                await parts.store.skip_rows(claim, chosen.skipped)
                parts.announce(claim.job)
            if not chosen.any_open:
                return _Finished()
            if chosen.too_dear:
                if await parts.store.others_wait(claim):
                    # What these do not use comes back.
                    return Again(parts.first_poll_seconds)
                return Pause("BUDGET", "BUDGET", _OVER_BUDGET)
            if chosen.batch is None:
                return await self._rest()
            mark = f"smelt-{secrets.token_hex(16)}"
            if not await parts.store.intend(claim, chosen.batch, mark):
                return Again(1.0)
            log.info(
                "batch.chosen", job=claim.job, shard=claim.number, batch=mark, rows=len(chosen.batch.rows)
            )
            batch = await parts.store.current(claim)
            return None if batch is None else await self._upload(batch, list(chosen.batch.lines))

    async def _rest(self) -> Ending | Rest:
        """Leave the rest to the row loop, under a claim that has used no keys for batches."""
        if self._keys.are_used:
            return Again(0)
        return Rest(is_unanswered=self._claim.economy == Economy.THEN_BATCH)

    async def _go_on(self, batch: Batch) -> _Next:
        is_unmade = batch.state in (State.NEW, State.UPLOADED)
        if is_unmade and (self._claim.economy == Economy.OVER or batch.grant_id != self._claim.grant_id):
            # Under a new grant the API key may be another, which knows none of the old one's files.
            await self._forget(batch)
            return None
        match batch.state:
            case State.NEW:
                async with self._parts.turns.of(self._claim.account):
                    return await self._upload_again(batch)
            case State.UPLOADED:
                return await self._make(batch)
            case State.MAKING:
                return await self._find(batch)
            case State.SENT:
                return await self._look(batch)
            case State.OVER:
                return await self._collect(batch)
            case _:
                return await self._tidy(batch)

    async def _upload_again(self, batch: Batch) -> _Next:
        """Upload a batch whose first upload was not recorded; what it left at the provider is deleted."""
        place = await self._keys.place(batch.step)
        try:
            stale = await self._parts.batches.find_files(place, batch.file_name)
        except BatchCallFailed as error:
            if error.failure.reason != BATCHES_UNSUPPORTED.reason:
                raise
            stale = []
        for file in stale[:2]:
            await self._parts.batches.delete_file(await self._keys.place(batch.step), file)
        return await self._upload(batch, await self._builder.lines(batch))

    async def _upload(self, batch: Batch, lines: list[bytes]) -> _Next:
        if not lines:
            # Its rows have got on since, as after a job was reopened.
            await self._parts.store.forget(self._claim, batch)
            return None
        place = await self._keys.place(batch.step)
        try:
            file = await self._parts.batches.upload(place, batch.file_name, lines)
        except BatchCallFailed as error:
            if error.failure.reason == BATCH_REFUSED.reason:
                await self._parts.store.forget(self._claim, batch)
            raise
        await self._parts.store.move(self._claim, batch, State.UPLOADED, input_file=file)
        return None

    async def _make(self, batch: Batch) -> _Next:
        place = await self._keys.place(batch.step)
        batch = await self._parts.store.move(self._claim, batch, State.MAKING)
        try:
            seen = await self._parts.batches.make(place, batch.input_file, batch.mark)
        except BatchCallFailed as error:
            if is_open(error.failure):
                # It may have been made; the next look tells.
                raise
            batch = await self._parts.store.move(self._claim, batch, State.UPLOADED)
            if error.failure.reason == BATCH_REFUSED.reason:
                await self._forget(batch)
            raise
        return await self._sent(batch, seen)

    async def _sent(self, batch: Batch, seen: SeenBatch) -> _Next:
        await self._parts.store.move(self._claim, batch, State.SENT, remote=seen.id)
        log.info("batch.sent", job=self._claim.job, shard=self._claim.number, batch=batch.mark)
        return Again(self._parts.first_poll_seconds)

    async def _find(self, batch: Batch) -> _Next:
        """Find the batch whose making was not answered; make it again only if it is not there, twice."""
        claim, store = self._claim, self._parts.store
        found = await self._with_mark(batch)
        if found:
            log.info("batch.found", job=claim.job, shard=claim.number, batch=batch.mark)
            return await self._sent(batch, found[0])
        batch = await store.move(claim, batch, State.MAKING, looks=batch.looks + 1)
        if batch.looks < 2:
            return Again(self._parts.trouble.again_seconds)
        log.warning(
            "batch.made_again", job=claim.job, shard=claim.number, batch=batch.mark, rows=ranges(batch.rows)
        )
        batch = await store.move(claim, batch, State.UPLOADED, is_repeated=True, looks=0)
        return await self._make(batch)

    async def _with_mark(self, batch: Batch) -> list[SeenBatch]:
        try:
            return await self._parts.batches.find(await self._keys.place(batch.step), batch.mark)
        except BatchCallFailed as error:
            if error.failure.reason != BATCHES_UNSUPPORTED.reason:
                raise
            # An endpoint that makes batches but lists none.
            return []

    async def _look(self, batch: Batch) -> _Next:
        claim, parts = self._claim, self._parts
        if batch.is_repeated and batch.looks < _TWIN_LOOKS:
            for twin in await self._with_mark(batch):
                if twin.id != batch.remote:
                    await parts.batches.cancel(await self._keys.place(batch.step), twin.id)
                    log.warning(
                        "batch.twin_cancelled", job=claim.job, batch=batch.mark, rows=ranges(batch.rows)
                    )
            batch = await parts.store.move(claim, batch, State.SENT, looks=batch.looks + 1)
        seen = await parts.batches.read(await self._keys.place(batch.step), batch.remote)
        if seen is None:
            log.warning("batch.gone", job=claim.job, batch=batch.mark, rows=ranges(batch.rows))
            seen = SeenBatch(batch.remote, Stage.OVER, "gone")
        if seen.stage is Stage.UNDER_WAY:
            return Again(poll_seconds(batch.age_seconds, parts.first_poll_seconds))
        if seen.stage is Stage.REFUSED and not seen.output_file:
            return await self._refused(batch, seen)
        log.info("batch.over", job=claim.job, shard=claim.number, batch=batch.mark, status=seen.status)
        await parts.store.move(
            claim, batch, State.OVER, output_file=seen.output_file, error_file=seen.error_file
        )
        return None

    async def _refused(self, batch: Batch, seen: SeenBatch) -> _Next:
        """Nothing of a batch was sent: forget it, and wait or pause."""
        log.warning("batch.refused", job=self._claim.job, batch=batch.mark, is_full=seen.is_full)
        await self._forget(batch)
        failure = seen.failure or BATCH_REFUSED
        if not seen.is_full:
            return pause_of(failure)
        if await self._parts.store.others_wait(self._claim):
            return Again(_FULL_SECONDS)
        return pause_of(replace(BATCH_QUEUE_FULL, said=failure.said))

    async def _collect(self, batch: Batch) -> _Next:
        claim, parts = self._claim, self._parts
        requests = self._builder.requests(batch.step)
        if requests is None:
            await parts.store.settle(claim, batch, State.COLLECTED)
            return None
        calls = BatchCalls(batch.step, requests, parts.refused, left_out=batch.left_out)
        collector = Collector(
            claim,
            batch,
            self._prepared,
            seal=self._seal,
            files=parts.files,
            store=parts.store,
            batches=parts.batches,
            calls=calls,
            builder=self._builder,
        )
        for file in (batch.output_file, batch.error_file):
            if file:
                await collector.read(await self._keys.place(batch.step), file)
        batch = await parts.store.settle(claim, batch, State.COLLECTED)
        log.info("batch.collected", job=claim.job, shard=claim.number, batch=batch.mark, left=len(calls.left))
        parts.announce(claim.job)
        return await self._tidy(batch) or (pause_of(calls.pause) if calls.pause else None)

    async def _tidy(self, batch: Batch) -> _Next:
        """Delete what the batch left at the provider; what cannot be deleted expires there."""
        for file in (batch.input_file, batch.output_file, batch.error_file):
            await self._delete(batch, file)
        await self._parts.store.move(self._claim, batch, State.DONE)
        return None

    async def _forget(self, batch: Batch) -> None:
        await self._delete(batch, batch.input_file)
        await self._parts.store.forget(self._claim, batch)

    async def _delete(self, batch: Batch, file: str) -> None:
        if not file:
            return
        try:
            await self._parts.batches.delete_file(await self._keys.place(batch.step), file)
        except BatchCallFailed as error:
            log.warning("batch.file_left", job=self._claim.job, batch=batch.mark, reason=error.failure.reason)


class Courses:
    """Begins the courses of a worker's shards."""

    def __init__(self, parts: CourseParts) -> None:
        self._parts = parts

    def course(self, claim: Claim, prepared: Prepared, seal: JobSeal) -> ShardCourse:
        """Return the course of a shard under a claim."""
        return ShardCourse(self._parts, claim, prepared, seal=seal)
