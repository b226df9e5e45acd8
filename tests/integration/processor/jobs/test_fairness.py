"""Two accounts on the same workers: how long a small job waits beside a large one."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from services.processor.queue.store import REAP
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, State, Suite, gateway_channel
from tests.support.provider import Provider

SMALL_ROWS = 10


@pytest.fixture
def quiet_suite(suite_apart: Suite) -> Suite:
    """A processor with a database of its own, so that no other test's workers take its tasks."""
    suite_apart.serve()
    return suite_apart


@pytest.fixture
async def people(quiet_suite: Suite, stand_ins: StandIns) -> AsyncIterator[tuple[Person, Person]]:
    async with gateway_channel(quiet_suite.certificates, quiet_suite.address) as channel:
        yield Person(channel, stand_ins.passport("ada")), Person(channel, stand_ins.passport("eve"))


async def ten_rows(person: Person, world: World) -> None:
    """Run a job of ten rows to its end."""
    file = world.add_file(["Name"], [[f"small {number}"] for number in range(SMALL_ROWS)], "eve")
    template = await person.template("Write to {{Name}}")
    done = await person.until((await person.start(file, template, api_key="apiKeys/two")).name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, SMALL_ROWS)


async def done_meanwhile(huge: Person, job: str, small: Person, world: World) -> int:
    """Run ten rows; return how many rows of the huge job were done in that time.

    Each call of the huge job takes a second, so they are the clock, which slows down on a busy machine.
    """
    before = (await huge.job(job)).request_counts.succeeded
    await ten_rows(small, world)
    done: int = (await huge.job(job)).request_counts.succeeded - before
    return done


@pytest.mark.promise("S43")
@pytest.mark.parametrize(
    ("rows", "calls", "places", "workers"),
    [
        # Two shards of 500 rows take all places, each for ten seconds.
        pytest.param(3_000, 101, 2, 1),
        pytest.param(100_000, 1_000, 16, 2, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
        pytest.param(100_000, 1_000, 4, 2, marks=[pytest.mark.long, pytest.mark.timeout(900)]),
    ],
)
async def test_ten_rows_do_not_wait_for_a_huge_job_of_another_account(
    quiet_suite: Suite,
    people: tuple[Person, Person],
    world: World,
    provider: Provider,
    rows: int,
    calls: int,
    places: int,
    workers: int,
) -> None:
    ada, eve = people
    for _ in range(workers):
        quiet_suite.worker(SMELT_WORKER_SHARDS=str(places))
    provider.script(latency_ms=1000)
    huge = world.add_file(["Name"], [[f"huge {number}"] for number in range(rows)])
    job = await ada.start(huge, await ada.template("Say {{Name}}"), parallel_calls=calls)
    while not (await ada.job(job.name)).request_counts.succeeded:
        provider.wait_for(1)
    meanwhile = await done_meanwhile(ada, job.name, eve, world)
    running = await ada.cancel(job.name)
    assert 0 < running.request_counts.succeeded < rows
    assert meanwhile < 5 * calls


@pytest.mark.promise("S43")
@pytest.mark.long
async def test_ten_rows_do_not_wait_for_shards_whose_worker_was_taken_for_dead(
    quiet_suite: Suite, people: tuple[Person, Person], world: World, provider: Provider
) -> None:
    ada, eve = people
    quiet_suite.worker(SMELT_WORKER_SHARDS="2")
    provider.script(latency_ms=1000)
    huge = world.add_file(["Name"], [[f"huge {number}"] for number in range(3_000)])
    job = await ada.start(huge, await ada.template("Say {{Name}}"), parallel_calls=101)
    while not (await ada.job(job.name)).request_counts.succeeded:
        provider.wait_for(1)
    # This is what happens to the tasks of a silent worker; the worker itself continues in all its places.
    with psycopg.connect(quiet_suite.conninfo) as connection:
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
        connection.execute(REAP, {"seconds": 10})
    meanwhile = await done_meanwhile(ada, job.name, eve, world)
    await ada.cancel(job.name)
    assert meanwhile < 5 * 101
