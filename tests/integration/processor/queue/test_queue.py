"""The queue in a real Postgres: the order of turns, and the tasks of silent workers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job, Status
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from services.common.database import engine, sessions
from services.processor.jobs.errors import JobLimit, StoredJobLimit
from services.processor.jobs.new_job import MostJobs
from services.processor.jobs.store.jobs import JobStore
from services.processor.models import JobRow
from services.processor.queue.store import REAP
from services.processor.queue.task_ends import TaskEnds
from services.processor.queue.tasks import ROWS, RUN_SHARD
from tests.support.stores import Database

FreshDatabase = Callable[[str], Database]
_PUT = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%(queue)s, %(task)s, -next_turn(%(account)s), NULL, NULL,
        jsonb_build_object('job', %(account)s::text, 'shard', 0), NULL)::procrastinate_job_to_defer_v1])
"""
_TAKE = """
    SELECT args ->> 'job', id FROM procrastinate_fetch_job_v2(
        ARRAY['rows']::varchar[], (SELECT worker_id FROM procrastinate_register_worker_v1())
    )
"""


def with_jobs(database: Database, *accounts: str) -> psycopg.Connection:
    """Store a job for each account, with the account's name as its id; return a connection."""
    here = create_engine(database.url)
    with Session(here) as session, session.begin():
        for account in accounts:
            now = datetime.now(UTC)
            session.add(
                JobRow(
                    id=account, account=account, file="files/a", parse=1, templates=[], first_row=1,
                    last_row=1, parallel_calls=1, api_key="", state="RUNNING", priced=False, shard_count=1,
                    wrapped_key=b"", snapshot=b"", grant_token="", grant_id="", grant_expire_time=now,
                    create_time=now,
                )
            )  # fmt: skip
    here.dispose()
    return psycopg.connect(database.conninfo, autocommit=True)


def put(connection: psycopg.Connection, account: str, count: int = 1) -> None:
    for _ in range(count):
        connection.execute(_PUT, {"queue": ROWS, "task": RUN_SHARD, "account": account})


def take(connection: psycopg.Connection, count: int) -> str:
    """Take `count` tasks; return their accounts, in order."""
    rows = [connection.execute(_TAKE).fetchone() for _ in range(count)]
    return "".join(row[0] for row in rows if row and row[0])


@pytest.mark.promise("S43")
def test_accounts_take_turns_however_much_one_of_them_has_queued(fresh_database: FreshDatabase) -> None:
    with with_jobs(fresh_database("processor"), "a", "b", "c") as connection:
        put(connection, "a", 6)
        put(connection, "b", 2)
        put(connection, "c")
        assert take(connection, 5) == "abcab"
        # A newcomer goes next, and from then on they take turns.
        put(connection, "c", 3)
        put(connection, "a")
        assert take(connection, 8) == "cacacaaa"
        assert take(connection, 1) == ""


def test_newcomers_in_succession_do_not_hold_up_the_others(fresh_database: FreshDatabase) -> None:
    with with_jobs(fresh_database("processor"), "a", "b", "c", "d") as connection:
        put(connection, "a", 3)
        assert take(connection, 1) == "a"
        put(connection, "b")
        assert take(connection, 1) == "b"
        put(connection, "c")
        put(connection, "d")
        assert take(connection, 4) == "acda"


def test_two_reapers_at_once_give_each_task_back_once(fresh_database: FreshDatabase) -> None:
    database = fresh_database("processor")
    with with_jobs(database, "a") as connection:
        put(connection, "a", 60)
        assert take(connection, 60) == "a" * 60
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")

        def reap(_: int) -> list[int]:
            with psycopg.connect(database.conninfo, autocommit=True) as own:
                return [row[0] for row in own.execute(REAP, {"seconds": 10}).fetchall()]

        with ThreadPoolExecutor(8) as reapers:
            given_back = [id_ for ids in reapers.map(reap, range(8)) for id_ in ids]
        assert len(given_back) == len(set(given_back)) == 60
        attempts = connection.execute("SELECT DISTINCT attempts, status::text FROM procrastinate_jobs")
        assert attempts.fetchall() == [(1, "todo")]


@pytest.mark.promise("S40")
async def test_a_task_that_another_worker_has_by_now_is_left_to_it(fresh_database: FreshDatabase) -> None:
    database = fresh_database("processor")
    held = "SELECT id, worker_id, status::text FROM procrastinate_jobs"
    with with_jobs(database, "a") as connection:
        put(connection, "a")
        take(connection, 1)
        id_, first, _ = connection.execute(held).fetchone() or ()
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        connection.execute(REAP, {"seconds": 10})
        take(connection, 1)
        ours = connection.execute(held).fetchall()
        assert ours[0][1] != first
        late = Job(id=id_, worker_id=first, queue=ROWS, lock=None, queueing_lock=None, task_name=RUN_SHARD)
        connector = PsycopgConnector(conninfo=database.conninfo)
        async with App(connector=connector).open_async():
            await TaskEnds(connector).finish_job(late, Status.SUCCEEDED, True)
            await TaskEnds(connector).retry_job(late)
            assert connection.execute(held).fetchall() == ours
            await TaskEnds(connector).finish_job(late.evolve(worker_id=ours[0][1]), Status.SUCCEEDED, True)
        assert connection.execute(held).fetchall() == []


async def test_jobs_are_counted_by_account_and_by_whether_they_have_ended(
    fresh_database: FreshDatabase,
) -> None:
    database = fresh_database("processor")
    with with_jobs(database, "a", "b") as connection:
        connection.execute("UPDATE job SET state = 'CANCELLED' WHERE id = 'b'")
    own = engine(database.url)
    store = JobStore(sessions(own))
    for account, live, stored in (("a", 1, 1), ("b", 0, 1), ("c", 0, 0)):
        await store.check_room(account, MostJobs(live + 1, stored + 1))
        if live:
            with pytest.raises(JobLimit):
                await store.check_room(account, MostJobs(live, stored + 1))
        if stored:
            with pytest.raises(StoredJobLimit):
                await store.check_room(account, MostJobs(live + 1, stored))
    await own.dispose()
