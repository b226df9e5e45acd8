"""The writer of results: batches, the order of events, and a database outage."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from services.processor.jobs.row_result import NewResult
from services.processor.rows import writer as result_writer
from services.processor.rows.claims import Claim, FenceLost
from services.processor.rows.writer import ResultWriter
from tests.support.own_time import in_own_time, own_loop

CLAIM = Claim("job", 0, 7, 1, 1, 500, 10, "ada", "files/a", 1, "apiKeys/k", b"", b"", "g1", b"", "grant")


def result(row: int) -> NewResult:
    return NewResult(row, 1, 1, "", 0, 100, b"sealed", 1, 1, "m", 0)


class Store:
    """Keeps batches, or fails as scripted."""

    def __init__(self, *failures: Exception) -> None:
        self.batches: list[list[int]] = []
        self.failures = list(failures)

    async def commit(self, claim: Claim, results: Sequence[NewResult]) -> None:
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        self.batches.append([each.row for each in results])


async def test_a_put_returns_when_its_result_is_committed() -> None:
    store, said = Store(), list[str]()
    async with ResultWriter(store, CLAIM, said.append) as writer:
        await asyncio.gather(*(writer.put(result(row)) for row in range(1, 13)))
        assert sorted(row for batch in store.batches for row in batch) == list(range(1, 13))
    assert said == ["job"] * len(store.batches)
    assert len(store.batches) <= 3


@in_own_time
async def test_a_lonely_result_does_not_wait_long() -> None:
    store, began = Store(), own_loop().time()
    async with ResultWriter(store, CLAIM, lambda _: None) as writer:
        await writer.put(result(1))
        assert own_loop().time() - began < 0.5
    assert store.batches == [[1]]


async def test_results_of_calls_that_were_dropped_are_kept() -> None:
    store = Store()
    async with ResultWriter(store, CLAIM, lambda _: None) as writer:
        waiting = asyncio.ensure_future(writer.put(result(1)))
        await asyncio.sleep(0)
        waiting.cancel()
    assert store.batches == [[1]]


async def test_a_lost_fence_ends_everybody() -> None:
    with pytest.raises(FenceLost):
        async with ResultWriter(Store(FenceLost()), CLAIM, lambda _: None) as writer:
            await asyncio.gather(*(writer.put(result(row)) for row in range(1, 6)))


async def test_a_database_that_comes_back_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_writer, "_RETRY_SECONDS", 0.01)
    store = Store(psycopg.OperationalError(), psycopg.OperationalError())
    async with ResultWriter(store, CLAIM, lambda _: None) as writer:
        await writer.put(result(1))
    assert store.batches == [[1]]


async def test_a_database_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_writer, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(psycopg.OperationalError):
        async with ResultWriter(Store(psycopg.OperationalError()), CLAIM, lambda _: None) as writer:
            await writer.put(result(1))
