"""Jobs that would never move again: what becomes of each. docs/jobs.md has the table."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from smelt.processor.v1 import jobs_pb2

from services.common.errors import Kind
from services.processor.jobs.store.control import JobControlStore
from services.processor.jobs.store.stuck import StuckJobStore
from services.processor.rows.store.shards import ShardStore
from services.processor.rows.stuck import StuckJobs
from tests.integration.processor.stand_in_services import Refused, World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, State, Suite, gateway_channel, refusal
from tests.support.provider import Provider

GONE = Refused("FILE_NOT_FOUND", Kind.NOT_FOUND)


@pytest.fixture
async def owner(suite_apart: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    suite_apart.settings |= {"SMELT_OUTAGE_PATIENCE_SECONDS": "0.5", "SMELT_OUTAGE_PROBE_SECONDS": "0.5"}
    suite_apart.serve()
    async with gateway_channel(suite_apart.certificates, suite_apart.address) as channel:
        yield Person(channel, stand_ins.passport("ada"))


class Around:
    """What looking for stuck jobs asks: files that are gone, grants as they are, nobody to tell."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    async def check(self, file: str, proof: object) -> None:
        if file in self.gone:
            raise GONE

    async def open(self, sealed: bytes | None, *, older: str = "") -> str:
        return "grant"

    def announce(self, job: str, *, urgent: bool = False) -> None:
        pass


def change(suite: Suite, statement: str, *values: object) -> int:
    with psycopg.connect(suite.conninfo) as connection:
        return connection.execute(statement.encode(), values).rowcount


def id_of(job: Any) -> str:
    return str(job.name).removeprefix("jobs/")


@pytest.mark.promise("S49")
async def test_what_lost_its_task_is_queued_again_and_nothing_else_is(
    suite_apart: Suite, owner: Person, world: World, provider: Provider
) -> None:
    template = await owner.template("Say {{Row}}")
    file = world.add_file(["Row"], [["1"], ["2"]])
    lost, well, idle, kept, done = [await owner.start(file, template) for _ in range(5)]
    deleted = await owner.start(world.add_file(["Row"], [["1"]]), template)
    paused = await owner.start(world.add_file(["Row"], [["1"]]), template)
    await owner.pause(paused.name)
    await owner.pause(kept.name)
    assert change(suite_apart, "DELETE FROM procrastinate_jobs WHERE args ->> 'job' = %s", id_of(lost))
    assert change(suite_apart, "DELETE FROM procrastinate_jobs WHERE args ->> 'job' = %s", id_of(idle))
    assert change(suite_apart, "UPDATE shard SET state = 'HALTED' WHERE job = %s", id_of(idle))
    # Its rows are done, and the task that writes the result is lost.
    assert change(suite_apart, "DELETE FROM procrastinate_jobs WHERE args ->> 'job' = %s", id_of(done))
    assert change(suite_apart, "UPDATE shard SET state = 'DONE' WHERE job = %s", id_of(done))
    change(suite_apart, "UPDATE job SET state = 'RUNNING', shards_done = 1 WHERE id = %s", id_of(done))
    around: Any = Around()
    async with AsyncConnectionPool(suite_apart.conninfo, open=False) as pool:
        looking = StuckJobs(
            StuckJobStore(pool),
            JobControlStore(pool),
            jobs=ShardStore(pool),
            files=around,
            grants=around,
            announcements=around,
        )
        await looking.look()
        assert queued(suite_apart) == {
            id_of(each): 1 for each in (lost, well, idle, kept, done, deleted, paused)
        }
        # All is well now, so a second look finds nothing.
        await looking.look()
        assert sum(queued(suite_apart).values()) == 7
        around.gone = {deleted.file, paused.file}
        await looking.look()
        assert (await owner.job(deleted.name)).state == State.PENDING
        change(suite_apart, "UPDATE job SET create_time = now() - interval '1 hour', file_seen = NULL")
        await looking.look()
        for job in (deleted, paused):
            ended = await owner.job(job.name)
            assert (ended.state, ended.error.reason) == (State.FAILED, "FILE_DELETED")
        suite_apart.worker()
        for job in (lost, well, idle, done):
            assert (await owner.until(job.name)).state == State.COMPLETED
        assert (await owner.job(kept.name)).state == State.PAUSED


def queued(suite: Suite) -> dict[str, int]:
    """Return how many tasks each job has in the queue."""
    with psycopg.connect(suite.conninfo) as connection:
        return dict(
            connection.execute(
                "SELECT args ->> 'job', count(*) FROM procrastinate_jobs"
                " WHERE status IN ('todo', 'doing') GROUP BY 1"
            ).fetchall()
        )


@pytest.mark.promise("S49")
async def test_a_job_that_waits_for_our_own_services_says_so_and_goes_on_by_itself(
    suite_apart: Suite, owner: Person, world: World, provider: Provider
) -> None:
    file = world.add_file(["Row"], [["1"], ["2"]])
    world.files[file].unreadable = Refused("STORE_UNAVAILABLE", Kind.UNAVAILABLE)
    job = await owner.start(file, await owner.template("Say {{Row}}"))
    suite_apart.worker()
    paused = await owner.until(job.name, State.PAUSED)
    assert (paused.pause_reason, paused.error.reason) == (jobs_pb2.Job.SERVICE_DOWN, "STORE_UNAVAILABLE")
    assert provider.summary()["total"] == 0
    world.files[file].unreadable = None
    done = await owner.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 2)


@pytest.mark.promise("S49")
async def test_a_job_whose_stored_data_is_damaged_fails(
    suite_apart: Suite, owner: Person, world: World, provider: Provider
) -> None:
    file = world.add_file(["Row"], [["1"], ["2"]])
    job = await owner.start(file, await owner.template("Say {{Row}}"))
    flipped = "set_byte(snapshot, 40, 255 - get_byte(snapshot, 40))"
    assert change(suite_apart, f"UPDATE job SET snapshot = {flipped} WHERE id = %s", id_of(job))
    suite_apart.worker()
    failed = await owner.until(job.name, State.FAILED)
    assert (failed.error.reason, provider.summary()["total"]) == ("JOB_DAMAGED", 0)


async def test_jobs_that_no_worker_touches_are_counted_for_the_operator(
    suite_apart: Suite, owner: Person, world: World
) -> None:
    template = await owner.template("Say {{Row}}")
    waiting, paused, _ = [await owner.start(world.add_file(["Row"], [["1"]]), template) for _ in range(3)]
    await owner.pause(paused.name)
    change(
        suite_apart,
        "UPDATE job SET create_time = now() - interval '1 hour' WHERE id = ANY(%s)",
        [id_of(waiting), id_of(paused)],
    )
    async with AsyncConnectionPool(suite_apart.conninfo, open=False) as pool:
        await pool.open()
        # One is paused, and one is new.
        assert await StuckJobStore(pool).untouched(600) == 1
    assert (await owner.job(waiting.name)).state == State.PENDING


@pytest.mark.promise("S49")
async def test_a_paused_job_whose_file_is_gone_fails_when_it_is_resumed(
    suite_apart: Suite, owner: Person, world: World
) -> None:
    file = world.add_file(["Row"], [["1"], ["2"]])
    job = await owner.start(file, await owner.template("Say {{Row}}"))
    await owner.pause(job.name)
    world.files[file].deleted = True
    assert await refusal(owner.resume(job.name)) == "FILE_NOT_FOUND"
    ended = await owner.job(job.name)
    assert (ended.state, ended.error.reason) == (State.FAILED, "FILE_DELETED")


async def test_the_wait_of_a_job_is_counted_until_rows_are_done(
    suite_apart: Suite, owner: Person, world: World
) -> None:
    job = await owner.start(world.add_file(["Row"], [["1"], ["2"]]), await owner.template("Say {{Row}}"))
    async with AsyncConnectionPool(suite_apart.conninfo, open=False) as pool:
        store = ShardStore(pool)
        assert await store.waited(id_of(job)) == 0
        change(suite_apart, "UPDATE job SET waits_since = now() - interval '1 hour'")
        assert await store.waited(id_of(job)) >= 3600
        change(suite_apart, "UPDATE shard SET succeeded = 1")
        assert await store.waited(id_of(job)) == 0
        change(suite_apart, "UPDATE job SET waits_since = now() - interval '1 hour'")
        change(suite_apart, "UPDATE job SET waits_seen = now() - interval '1 hour'")
        # That was another outage.
        assert await store.waited(id_of(job)) == 0
        assert await store.waited("nosuchjob") == 0
