"""How many rows failed for which reason, how many have which flag, and lists of some of the jobs."""

from typing import Any

import pytest
from smelt.processor.v1 import jobs_pb2, usage_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider

FLAGGED = "As an AI language model, I cannot say more about [Name] here, but it is a game changer."


async def listed(ada: Person, filter_: str, **more: Any) -> Any:
    request = jobs_pb2.ListJobsRequest(filter=filter_, **more)
    return await ada.jobs.ListJobs(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)


async def test_a_job_counts_its_failures_by_reason_and_its_rows_by_flag(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "content_filter", "contains": "refused"},
        {"action": "content", "content": "", "contains": "nothing"},
        {"action": "content", "content": FLAGGED, "contains": "flagged"},
    )
    kinds = ["refused"] * 3 + ["nothing"] * 2 + ["flagged"] * 4 + ["fine"] * 5
    file = world.add_file(["Kind"], [[f"{kind} {number}"] for number, kind in enumerate(kinds)])
    started = await ada.start(file, await ada.template("Write about {{Kind}} in a sentence."))
    done = await ada.until(started.name, State.COMPLETED)
    assert done.request_counts.failed == sum(done.error_counts.values()) == 5
    assert done.error_counts["CONTENT_FILTERED"] == 3
    rows = (await ada.rows(done.name)).rows
    expected: dict[str, int] = {}
    for row in rows:
        for flag in row.flags:
            expected[flag] = expected.get(flag, 0) + 1
    assert expected["has_placeholder"] == 4
    assert dict(done.flag_counts) == expected
    watch = ada.jobs.WatchJob(
        jobs_pb2.WatchJobRequest(name=done.name), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    seen = [job async for job in watch]
    assert (dict(seen[-1].error_counts), dict(seen[-1].flag_counts)) == (dict(done.error_counts), expected)

    # What is sent again is counted again.
    provider.script()
    await ada.retry_failed(done.name)
    again = await ada.until(done.name, State.COMPLETED)
    assert dict(again.error_counts) == {}
    assert again.flag_counts["has_placeholder"] == 4


async def test_jobs_are_listed_by_state_and_file(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    one, two = (world.add_file(["Name"], [["Ada"]]) for _ in range(2))
    template = await ada.template("{{Name}}")
    first = [await ada.until((await ada.start(one, template)).name) for _ in range(3)]
    second = await ada.until((await ada.start(two, template)).name)
    names = [job.name for job in reversed(first)]
    assert [job.name for job in (await listed(ada, f"file = {one}")).jobs] == names
    both = f'state = COMPLETED AND file = "{two}"'
    assert [job.name for job in (await listed(ada, both)).jobs] == [second.name]
    assert not (await listed(ada, f"state = FAILED AND file = {one}")).jobs
    page = await listed(ada, f"file = {one}", page_size=2)
    rest = await listed(ada, f"file = {one}", page_size=2, page_token=page.next_page_token)
    assert [job.name for job in (*page.jobs, *rest.jobs)] == names
    # A token continues its own list alone.
    assert (
        await refusal(listed(ada, f"file = {two}", page_token=page.next_page_token)) == "PAGE_TOKEN_INVALID"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        "RUNNING",
        "state = running",
        "state = NOTHING",
        "state = FAILED AND state = FAILED",
        "state = FAILED OR file = files/a",
        "file = jobs/a",
        "file = files/a' OR '1'='1",
        "state = STATE_UNSPECIFIED",
    ],
)
async def test_a_filter_that_means_nothing_is_refused(ada: Person, wrong: str) -> None:
    assert await refusal(listed(ada, wrong)) == "FILTER_INVALID"


async def test_usage_is_shown_for_any_month(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], [["Ada"], ["Grace"]])
    await ada.until((await ada.start(file, await ada.template("{{Name}}"))).name)
    now = await ada.used()

    async def of(month: str) -> Any:
        request = usage_pb2.GetUsageRequest(month=month)
        return await ada.usage.GetUsage(request, metadata=ada.metadata, timeout=PATIENCE_SECONDS)

    assert await of(now.period_start[:7]) == now
    for month in ("2020-02", "9999-12", "1000-01"):
        other = await of(month)
        assert (other.period_start, other.used, list(other.days)) == (f"{month}-01", 0, [])
    for wrong in ("2020", "2020-13", "2020-1", "0000-01", "now"):
        assert await refusal(of(wrong)) == "INVALID_REQUEST"
