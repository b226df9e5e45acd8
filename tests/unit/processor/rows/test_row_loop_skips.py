"""Blank rows in a worker: results are written together, and one that cannot be written ends the shard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import SKIPPED, NewResult
from services.processor.jobs.seal import JobSeal
from services.processor.rows.claims import FenceLost
from services.processor.rows.endings import Ended, Stopped
from services.processor.rows.loop import Prepared, RowLoop
from services.processor.rows.source import RowSource, SourceRow
from services.processor.templates.prompt_settings import PromptSettings

SNAPSHOT = Snapshot(
    ("Name",), (Step("templates/t", PromptSettings("Hi {{Name}}", "Out")),), "", skips_blank_rows=True
)


class Written:
    """Keeps results that are put, some at a time, as a commit does."""

    def __init__(self, *, fails_after: int = 10**9) -> None:
        self.results: list[NewResult] = []
        self.together = 0
        self._fails_after = fails_after
        self._waiting = 0

    async def put(self, result: NewResult) -> None:
        self._waiting += 1
        self.together = max(self.together, self._waiting)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self._waiting -= 1
        if len(self.results) >= self._fails_after:
            raise FenceLost
        self.results.append(result)


class NoCalls:
    """Nothing may be sent."""

    async def call(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a blank row was sent")


async def batches(rows: int) -> AsyncIterator[list[SourceRow]]:
    for first in range(1, rows + 1, 50):
        yield [SourceRow(number, [" "]) for number in range(first, min(first + 50, rows + 1))]


def loop_over(rows: int, writer: Written) -> RowLoop:
    return RowLoop(
        Prepared.of(SNAPSHOT),
        account="ada",
        api_key="apiKeys/k",
        source=RowSource(batches(rows), {}),
        calls=NoCalls(),
        writer=writer,
        seal=JobSeal(bytes(32), "ada", "jobs/a"),
        ended=Ended(),
        identical=None,
    )


@pytest.mark.parametrize("lanes", [1, 7])
async def test_results_of_blank_rows_are_written_many_at_once_and_once_each(lanes: int) -> None:
    writer = Written()
    assert await loop_over(1234, writer).run(lanes) is None
    assert sorted(result.row for result in writer.results) == list(range(1, 1235))
    assert {result.state for result in writer.results} == {SKIPPED}
    assert 50 <= writer.together <= 100 * lanes


async def test_a_shard_ends_whose_blank_rows_cannot_be_written() -> None:
    with pytest.raises(FenceLost):
        await loop_over(500, Written(fails_after=130)).run(3)


async def test_a_shard_that_is_stopped_leaves_no_write_behind() -> None:
    writer = Written()
    loop = loop_over(10_000, writer)
    run = asyncio.ensure_future(loop.run(2))
    while not writer.results:
        await asyncio.sleep(0)
    loop.stop(Stopped())
    assert isinstance(await run, Stopped)
    written = len(writer.results)
    await asyncio.sleep(0)
    assert (len(writer.results), written < 10_000) == (written, True)
