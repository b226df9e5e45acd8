"""Files that are deleted under a job: no further call, FAILED at once, and what is there is kept."""

import pytest

from services.common.errors import Kind
from tests.integration.processor.stand_in_services import Refused, World
from tests.integration.processor.suite import Person, Process, State
from tests.support.provider import Provider

PROMPT = "Say hello to {{Name}}"


def names(count: int) -> list[list[str]]:
    return [[f"person-{number}."] for number in range(1, count + 1)]


@pytest.mark.promise("S42")
async def test_rows_that_a_worker_already_holds_are_not_sent(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    # All rows come in one batch, so files is not asked for any of them again.
    provider.script({"action": "hold", "contains": "person-4."}, {"action": "hold", "contains": "person-5."})
    file = world.add_file(["Name"], names(60))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=2)
    provider.wait_for(5)
    world.files[file].deleted = True
    # While both calls are still held: a job does not wait for calls in flight.
    ended = await ada.until(job.name)
    assert (ended.state, ended.error.reason) == (State.FAILED, "FILE_DELETED")
    provider.script()
    rows = (await ada.rows(job.name)).rows
    assert sum(bool(row.outputs) for row in rows) == ended.request_counts.succeeded == 3
    assert provider.summary()["total"] == 5


async def test_a_file_that_is_gone_when_the_result_is_written_fails_the_job(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "hold", "contains": "person-2."})
    file = world.add_file(["Name"], names(2))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=2)
    provider.wait_for(2)
    world.files[file].unreadable = Refused("FILE_NOT_FOUND", Kind.NOT_FOUND)
    provider.script()
    ended = await ada.until(job.name)
    assert (ended.state, ended.error.reason) == (State.FAILED, "FILE_DELETED")
    assert [bool(row.outputs) for row in (await ada.rows(job.name)).rows] == [True, True]


@pytest.mark.parametrize("reason", ["FILE_DAMAGED", "FILE_LOST"])
async def test_a_file_that_is_damaged_when_the_result_is_written_fails_the_job(
    ada: Person, worker: Process, world: World, provider: Provider, reason: str
) -> None:
    provider.script({"action": "hold", "contains": "person-2."})
    file = world.add_file(["Name"], names(2))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=2)
    provider.wait_for(2)
    world.files[file].unreadable = Refused(reason, Kind.DAMAGED)
    provider.script()
    ended = await ada.until(job.name)
    assert (ended.state, ended.error.reason) == (State.FAILED, reason)


async def test_looks_for_a_file_do_not_grow_with_its_rows(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], names(400))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=200)
    done = await ada.until(job.name)
    assert done.request_counts.succeeded == 400
    seconds = done.end_time.ToDatetime() - done.start_time.ToDatetime()
    # Two in a second at most, and one when the job comes to a worker; four hundred calls cost none.
    assert world.files[file].checks <= 2 * seconds.total_seconds() + 10


async def test_a_result_file_that_was_lost_is_written_once_more(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    job = await ada.start(world.add_file(["Name"], names(3)), await ada.template(PROMPT))
    assert (await ada.until(job.name)).state == State.COMPLETED
    headers, data = await ada.download(job.name)
    del world.results[job.name, "all"]
    again, same = await ada.download(job.name)
    assert (same, again["repr-digest"]) == (data, headers["repr-digest"])
