"""Jobs in Postgres, as their owners see them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Label, Row, Select, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import defer
from sqlalchemy.sql.selectable import LateralFromClause

from services.common.identity import Passport
from services.common.paging import Position
from services.common.store import idempotency
from services.common.store.generations import require_current
from services.common.store.room import check_room
from services.processor.jobs.errors import JobFinished, JobLimit, JobNotFound, StoredJobLimit
from services.processor.jobs.filter import JobFilter
from services.processor.jobs.job import LIVE, Job, ShownStep, State
from services.processor.jobs.new_job import MostJobs, NewJob
from services.processor.models import IDEMPOTENCY, BatchRow, JobRow, ShardRow
from services.processor.queue.tasks import ROWS, RUN_SHARD

_METHOD = "CreateJob"
# The database generates the shards of a job itself: a large job has thousands.
_ADD_SHARDS = text("""
    INSERT INTO shard (job, number, first_row, last_row, state, calls, fence, claims,
                       succeeded, failed, skipped, input_tokens, output_tokens)
    SELECT :job, n, :first + n * :rows, least(:first + (n + 1) * :rows - 1, :last),
           CASE WHEN n < :window THEN 'QUEUED' ELSE 'WAITING' END,
           coalesce((CAST(:calls AS int[]))[n + 1], 0), 0, 0, 0, 0, 0, 0, 0
    FROM generate_series(0, :count - 1) AS n
""")
_QUEUE_FIRST = text("""
    SELECT procrastinate_defer_jobs_v1(array_agg(
        ROW(CAST(:queue AS text), CAST(:task AS text), -(turn.next + 2 * n), NULL, NULL,
            jsonb_build_object('job', CAST(:job AS text), 'shard', n), NULL)::procrastinate_job_to_defer_v1
        ORDER BY n
    ))
    FROM generate_series(0, :window - 1) AS n, next_turn(:account) AS turn(next)
""")


class JobStore:
    """Jobs by account and id; another account's jobs do not exist here."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def made_before(self, account: str, key: str, content: bytes) -> str | None:
        """Return the id of the job that an Idempotency-Key has already made, without claiming the key."""
        if not key:
            return None
        async with self._sessions() as session:
            made = await _claim(session, account, key=key, content=content, id_="")
            await session.rollback()
        return made or None

    async def check_room(self, account: str, most: MostJobs) -> None:
        """Raise JobLimit or StoredJobLimit if the account can have no further job."""
        async with self._sessions.begin() as session:
            await _check_room(session, account, most)

    async def add(self, person: Passport, job: NewJob, key: str, content: bytes, *, most: MostJobs) -> str:
        """Store a job with its shards and queue the first ones, in one transaction; return the job's id.

        For a repeated Idempotency-Key, that is the id of the job that the first request made. Raises as
        `check_room` does: other requests may have taken the room since it was looked for. Raises
        Unauthenticated for a passport from before the account's last suspension.
        """
        async with self._sessions.begin() as session:
            await require_current(session, person)
            id_ = await _claim(session, job.account, key=key, content=content, id_=job.id)
            if id_ == job.id:
                await _check_room(session, job.account, most)
                await session.execute(insert(JobRow).values(**_values(job)))
                shards = job.shards
                await session.execute(
                    _ADD_SHARDS,
                    {
                        "job": job.id,
                        "first": job.first_row,
                        "last": job.last_row,
                        "rows": shards.rows,
                        "count": shards.count,
                        "window": shards.window,
                        "calls": list(shards.calls),
                    },
                )
                await session.execute(
                    _QUEUE_FIRST,
                    {
                        "queue": ROWS,
                        "task": RUN_SHARD,
                        "account": job.account,
                        "job": job.id,
                        "window": shards.window,
                    },
                )
        return id_

    async def get(self, account: str, id_: str) -> Job:
        """Return a job with its current counters; raise JobNotFound."""
        under_way = _under_way()
        query = _shown(under_way).where(JobRow.account == account, JobRow.id == id_)
        async with self._sessions() as session:
            row = (await session.execute(query)).one_or_none()
        if row is None:
            raise JobNotFound
        return _job(row)

    async def snapshot(self, account: str, id_: str) -> bytes:
        """Return a job's sealed snapshot; raise JobNotFound."""
        query = select(JobRow.snapshot).where(JobRow.account == account, JobRow.id == id_)
        async with self._sessions() as session:
            found = await session.scalar(query)
        if found is None:
            raise JobNotFound
        return found

    async def page(self, account: str, after: Position | None, count: int, *, wanted: JobFilter) -> list[Job]:
        """Return up to `count` jobs that a filter lets through, newest first, that come after a position."""
        under_way = _under_way()
        query = _shown(under_way).where(JobRow.account == account)
        if wanted.state is not None:
            query = query.where(JobRow.state == wanted.state)
        if wanted.file is not None:
            query = query.where(JobRow.file == wanted.file)
        if after is not None:
            query = query.where(tuple_(JobRow.create_time, JobRow.id) < tuple_(after.create_time, after.id))
        query = query.order_by(JobRow.create_time.desc(), JobRow.id.desc()).limit(count)
        async with self._sessions() as session:
            return [_job(row) for row in await session.execute(query)]

    async def cancel(self, account: str, id_: str, now: datetime) -> bool:
        """Cancel a job; return whether this call cancelled it. Raises JobNotFound or JobFinished."""
        ending = (
            update(JobRow)
            .where(JobRow.account == account, JobRow.id == id_, JobRow.state.in_(LIVE))
            .values(
                state=State.CANCELLED,
                end_time=now,
                pause_reason="NOT_PAUSED",
                error_reason="",
                error_message="",
                error_said=b"",
            )
            .returning(JobRow.id)
        )
        async with self._sessions.begin() as session:
            if (await session.execute(ending)).first() is not None:
                return True
        job = await self.get(account, id_)
        if job.state is not State.CANCELLED:
            raise JobFinished
        return False


async def _check_room(session: AsyncSession, account: str, most: MostJobs) -> None:
    of = JobRow.account
    await check_room(session, of, JobRow.state.in_(LIVE), account=account, most=most.live, full=JobLimit)
    await check_room(session, of, account=account, most=most.stored, full=StoredJobLimit)


async def _claim(session: AsyncSession, account: str, *, key: str, content: bytes, id_: str) -> str:
    return await idempotency.claim(
        session, IDEMPOTENCY, account=account, method=_METHOD, key=key, content=content, resource=id_
    )


def _under_way() -> LateralFromClause:
    """Return sums over the shards whose counters are not yet in the job's own."""
    columns = (
        ShardRow.succeeded,
        ShardRow.failed,
        ShardRow.skipped,
        ShardRow.input_tokens,
        ShardRow.output_tokens,
        ShardRow.cost_nanos,
    )
    return (
        select(*(func.coalesce(func.sum(each), 0).label(f"open_{each.key}") for each in columns))
        .where(ShardRow.job == JobRow.id, text("shard.state IN ('QUEUED', 'RUNNING', 'HALTED')"))
        .lateral("under_way")
    )


def _open_batches() -> Label[int]:
    batches = select(func.count()).select_from(BatchRow).where(BatchRow.job == JobRow.id)
    return batches.where(text("batch.state <> 'DONE'")).scalar_subquery().label("open_batches")


def _shown(under_way: LateralFromClause) -> Select[Any]:
    """Select jobs without their snapshots, of which one alone may have megabytes."""
    jobs = select(JobRow, under_way, _open_batches()).join(under_way, onclause=text("true"))
    return jobs.options(defer(JobRow.snapshot, raiseload=True))


def _job(row: Row[Any]) -> Job:
    job: JobRow = row[0]
    return Job(
        id=job.id,
        account=job.account,
        file=job.file,
        parse=job.parse,
        templates=tuple(job.templates),
        first_row=job.first_row,
        last_row=job.last_row,
        parallel_calls=job.parallel_calls,
        api_key=job.api_key,
        state=State(job.state),
        pause_reason=job.pause_reason,
        error_reason=job.error_reason,
        error_message=job.error_message,
        succeeded=job.succeeded + int(row.open_succeeded),
        failed=job.failed + int(row.open_failed),
        skipped=job.skipped + int(row.open_skipped),
        input_tokens=job.input_tokens + int(row.open_input_tokens),
        output_tokens=job.output_tokens + int(row.open_output_tokens),
        mark_time=job.mark_time,
        mark_done=job.mark_done,
        mark_rate=job.mark_rate,
        create_time=job.create_time,
        start_time=job.start_time,
        end_time=job.end_time,
        wrapped_key=job.wrapped_key,
        grant_id=job.grant_id,
        cost_nanos=job.cost_nanos + int(row.open_cost_nanos),
        max_cost_nanos=job.max_cost_nanos,
        priced=job.priced,
        tokens_estimated=job.tokens_estimated,
        edited=job.edited,
        error_said=job.error_said,
        economy=job.economy,
        open_batches=int(row.open_batches),
        file_name=job.file_name,
        display_name=job.display_name,
        steps=tuple(
            ShownStep(step["template"], step["display_name"], step["model"], tuple(step["output_columns"]))
            for step in job.steps
        ),
    )


def _values(job: NewJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "account": job.account,
        "file": job.file,
        "parse": job.parse,
        "templates": list(job.templates),
        "first_row": job.first_row,
        "last_row": job.last_row,
        "parallel_calls": job.parallel_calls,
        "api_key": job.api_key,
        "state": State.PENDING,
        "shard_count": job.shards.count,
        "wrapped_key": job.wrapped_key,
        "snapshot": job.snapshot,
        "sealed_grant": job.sealed_grant,
        "grant_token": "",
        "grant_id": job.grant_id,
        "grant_expire_time": job.grant_expire_time,
        "create_time": job.create_time,
        "max_cost_nanos": job.max_cost_nanos,
        "priced": job.priced,
        "economy": job.economy,
        "file_name": job.file_name,
        "display_name": job.display_name,
        "steps": [asdict(step) for step in job.steps],
    }
