"""A shard in a worker: it is claimed, processed, and finished, given back, paused or failed."""

import asyncio
import random
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol
from weakref import WeakValueDictionary

from services.common.aside import aside
from services.common.clock import Now
from services.common.database import FAILURES
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.job import FINAL, State
from services.processor.jobs.seal import JobSeal, open_seal
from services.processor.opened_grants import OpenedGrants
from services.processor.outside import ChecksFiles, OpensDataKeys, ReadsRows, ReleasesApiKeys, by_grant
from services.processor.provider.answer import AsksProviders
from services.processor.provider.outages import Outages
from services.processor.provider.parks import Parks
from services.processor.provider.rate_key import rate_key
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.budget import Budget
from services.processor.rows.calls import Calls, Limiter
from services.processor.rows.claims import Claim, FenceLost, first_open, who_gives_way
from services.processor.rows.economy import Course, Rest, TakesBatches, Unanswered
from services.processor.rows.endings import (
    Again,
    Ended,
    Ending,
    Fail,
    GiveWay,
    Pause,
    Stopped,
    TryAgain,
    ending_of,
    service_down,
)
from services.processor.rows.file_watch import FileNews, FileWatch
from services.processor.rows.identical import Answers, Identical
from services.processor.rows.loop import Asks, Prepared, RowLoop
from services.processor.rows.source import RowSource
from services.processor.rows.store.shards import ShardStore
from services.processor.rows.writer import ResultWriter
from services.processor.usage.meter import month_start
from services.processor.usage.store import UsageStore

#: After this many claims while its first open row stayed open, the shard itself must be what stops the
#: workers: the next claim fails its open rows instead of paying for their calls once more. After twice as
#: many, the job fails. Too few fails rows because workers were restarted often; too many lets one shard stop
#: workers again and again.
MOST_CLAIMS = 10
_LOOK_SECONDS = 0.5


class Files(ReadsRows, ChecksFiles, Protocol):
    """What shards need from files."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the shards of a worker share."""

    store: ShardStore
    files: Files
    vault: OpensDataKeys
    grants: OpenedGrants
    keys: ReleasesApiKeys
    provider: AsksProviders
    parks: Parks
    limiter: Limiter
    answers: Answers
    refused: RefusedParts
    usage: UsageStore
    #: How many usages an account may have per month; None means no limit.
    usage_limit: int | None
    now: Now
    announcements: Announcements
    rate_patience_seconds: float
    outages: Outages
    outage_patience_seconds: float
    economy: TakesBatches


class ShardRuns:
    """Runs this worker's shards and watches the state of their jobs."""

    def __init__(self, parts: Parts, *, places: int) -> None:
        """`places` is the most shards that this worker may hold."""
        self._parts = parts
        self._places = places
        self._taken = 0
        self._giving_way: RowLoop | Course | None = None
        self._loops: dict[RowLoop | Course, tuple[Claim, asyncio.Task[None] | None]] = {}
        self._draining = False
        self._watch = FileWatch(parts.files, self._file_said)
        # An entry lives as long as a shard of its job is in work here.
        self._identical: WeakValueDictionary[tuple[str, str], Identical] = WeakValueDictionary()

    async def run_shard(self, job: str, number: int) -> None:
        """Process a shard until it is done; raise TryAgain if the queue must run it again."""
        if self._draining:
            raise TryAgain(0)
        self._taken += 1
        try:
            await self._run(job, number)
        finally:
            self._taken -= 1

    async def _run(self, job: str, number: int) -> None:
        claim = await self._parts.store.claim(job, number)
        if claim is None:
            return
        if claim.claims > 2 * MOST_CLAIMS:
            await self._end(
                claim,
                Fail(
                    "WORKER_FAILED",
                    "The job was ended because too many workers in a row stopped on the same rows",
                ),
            )
            return
        try:
            ending = await self._work(claim)
        except DomainError as error:
            ending = ending_of(error)
        except FenceLost:
            log.warning("shard.lost", job=job, shard=number, fence=claim.fence)
            return
        await self._end(claim, ending)

    async def drain(self, seconds: float) -> None:
        """Start nothing new, let calls in flight finish for up to `seconds`, and give the shards back."""
        self._draining = True
        for loop in self._loops:
            loop.end(Again(0))
        if running := [task for _, task in self._loops.values() if task is not None]:
            await asyncio.wait(running, timeout=seconds)
        for loop in list(self._loops):
            loop.stop(Again(0))

    async def oversee(self) -> None:
        """Stop the shards of jobs that no longer run, and mark the progress of jobs, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            jobs = sorted({claim.job for claim, _ in self._loops.values()})
            if not jobs:
                continue
            try:
                states = await self._parts.store.states(jobs)
                used_up = await self._used_up(jobs)
                for loop, (claim, _) in list(self._loops.items()):
                    state = states.get(claim.job)
                    if claim.job in used_up:
                        loop.end(
                            Pause("QUOTA", "USAGE_LIMIT", "The account's plan for this month is used up")
                        )
                    if state is State.PAUSED:
                        # Rows in flight finish, and no new ones start.
                        loop.end(Stopped())
                    elif state is None or state in FINAL:
                        loop.stop(Stopped())
                await self._parts.store.mark_progress(jobs)
                await self._give_way()
            except FAILURES as error:
                log.warning("shards.unseen", **describe(error))

    def _file_said(self, job: str, ending: Ending) -> None:
        """End what this worker has of a job in work: its file is gone, or nobody can tell."""
        for loop, (claim, _) in list(self._loops.items()):
            if claim.job == job and isinstance(ending, Fail):
                # Calls in flight are dropped, as at a cancellation: they may take minutes.
                loop.stop(ending)
            elif claim.job == job:
                loop.end(ending)

    async def _give_way(self) -> None:
        """Give one place back if all are taken and an account with fewer shards waits for one."""
        if self._taken < self._places or self._draining or self._giving_way in self._loops:
            return
        here = Counter(claim.account for claim, _ in self._loops.values())
        account = who_gives_way(here, await self._parts.store.waiting()) if here else None
        for loop, (claim, _) in self._loops.items():
            if claim.account == account:
                self._giving_way = loop
                loop.end(GiveWay())
                return

    async def _used_up(self, jobs: list[str]) -> list[str]:
        """Return the jobs whose account has used up its plan."""
        limit = self._parts.usage_limit
        if limit is None:
            return []
        return await self._parts.usage.used_up(jobs, month_start(self._parts.now()), limit)

    async def _work(self, claim: Claim) -> Ending | None:
        parts = self._parts
        claim = replace(claim, grant=await parts.grants.open(claim.sealed_grant, older=claim.grant))
        seal = await open_seal(
            parts.vault,
            account=claim.account,
            job=claim.job_name,
            wrapped_key=claim.wrapped_key,
            proof=by_grant(claim.grant),
        )
        async with self._watch.of(claim) as file:
            prepared = await aside(
                lambda: Prepared.of(seal.open_snapshot(claim.snapshot)), account=claim.account
            )
            return await self._process(claim, prepared, seal, file)

    async def _process(
        self, claim: Claim, prepared: Prepared, seal: JobSeal, file: FileNews
    ) -> Ending | None:
        parts = self._parts
        given_up = claim.claims > MOST_CLAIMS
        calls: Asks | None = None
        if claim.economy:
            for step in prepared.snapshot.steps:
                await parts.refused.recall(rate_key(claim.api_key, step.settings.model))
            if not given_up:
                taken = await self._take(claim, parts.economy.course(claim, prepared, seal), seal)
                if not isinstance(taken, Rest):
                    return taken
                calls = Unanswered() if taken.is_unanswered else None
        begun = await parts.store.begun(claim)
        claim = replace(claim, head=first_open(begun, claim.first_row, claim.last_row))
        if given_up:
            log.error("shard.given_up", job=claim.job, shard=claim.number, claims=claim.claims)
        for step in prepared.snapshot.steps:
            key = rate_key(claim.api_key, step.settings.model)
            await parts.parks.recall(key)
            await parts.refused.recall(key)
        count = claim.last_row - claim.first_row + 1
        batches = parts.files.rows(
            claim.file, claim.parse, first=claim.first_row, count=count, proof=by_grant(claim.grant)
        )
        writer = ResultWriter(parts.store, claim, parts.announcements.announce)
        ended = Ended()
        budget = Budget(parts.usage, claim.job) if claim.max_cost_nanos else None
        loop = RowLoop(
            prepared,
            account=claim.account,
            api_key=claim.api_key,
            source=RowSource(batches, begun),
            calls=calls
            or Calls(
                keys=parts.keys,
                provider=parts.provider,
                limiter=parts.limiter,
                refused=parts.refused,
                ended=ended,
                grant=claim.grant,
                claim=claim.fence,
                account=claim.account,
                dice=random.random,
                budget=budget,
                patience_seconds=parts.rate_patience_seconds,
                outages=parts.outages,
                outage_patience_seconds=parts.outage_patience_seconds,
                file=file,
            ),
            writer=writer,
            seal=seal,
            ended=ended,
            identical=self._identical_of(claim, seal),
            given_up=given_up,
        )
        self._loops[loop] = claim, asyncio.current_task()
        if self._draining:
            loop.end(Again(0))
        try:
            async with aclosing(batches), writer:
                ending = await loop.run(claim.calls)
            return _sealed(ending, seal)
        finally:
            del self._loops[loop]
            if budget is not None:
                await budget.close()

    async def _take(self, claim: Claim, course: Course, seal: JobSeal) -> Ending | Rest | None:
        """Let a shard take its course in batches, as far as it goes now."""
        self._loops[course] = claim, asyncio.current_task()
        if self._draining:
            course.end(Again(0))
        try:
            ending = await course.run()
        finally:
            del self._loops[course]
        return ending if isinstance(ending, Rest) else _sealed(ending, seal)

    def _identical_of(self, claim: Claim, seal: JobSeal) -> Identical:
        """Return what the shards of a job share in this worker; a new grant starts with an empty memory."""
        found = self._identical.get((claim.job, claim.grant))
        if found is None:
            found = self._identical[claim.job, claim.grant] = Identical(claim.job, self._parts.answers, seal)
        return found

    async def _waits_too_long(self, claim: Claim, ending: Again) -> bool:
        """Whether one of our own services has kept the job waiting for longer than there is patience."""
        if not ending.reason:
            return False
        return await self._parts.store.waited(claim.job) > self._parts.outage_patience_seconds

    async def _end(self, claim: Claim, ending: Ending | None) -> None:
        store = self._parts.store
        if isinstance(ending, Again) and await self._waits_too_long(claim, ending):
            ending = service_down(ending.reason)
        match ending:
            case None:
                await store.finish(claim)
            case Again(seconds):
                await store.give_back(claim)
                raise TryAgain(seconds)
            case GiveWay():
                raise TryAgain(0, turn=await store.give_back(claim))
            case Pause(pause, reason, message, sealed=sealed):
                await store.pause(
                    claim.job, pause, grant=claim.grant_id, reason=reason, message=message, said=sealed
                )
                await store.halt(claim)
            case Fail(reason, message):
                await store.fail(claim.job, reason=reason, message=message)
                await store.halt(claim)
            case Stopped():
                await store.halt(claim)
        log.info("shard.ended", job=claim.job, shard=claim.number, how=type(ending).__name__)
        self._parts.announcements.announce(claim.job, urgent=True)


def _sealed(ending: Ending | None, seal: JobSeal) -> Ending | None:
    """Return an ending in which the provider's words are sealed as well."""
    if isinstance(ending, Pause) and ending.said:
        return replace(ending, sealed=seal.seal_words(ending.said))
    return ending
