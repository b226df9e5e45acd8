"""Work that is due: ended, put off, given up or left to another process, whatever stands in its way."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.auth.due.work import Claim, DueWork, Hopeless, Patience, Pauses
from services.common.errors import Unavailable

CLAIM_SECONDS = 0.03


class Rows:
    """One piece of work, always due; `lost` says that another process has claimed it."""

    def __init__(self) -> None:
        self.tries = 0
        self.held: list[float] = []
        self.lost = False
        self.down = False
        self.ended = ""

    async def claim(self, seconds: float) -> Claim | None:
        if self.down:
            raise Unavailable
        if self.ended:
            return None
        self.tries += 1
        return Claim("w1", self.tries, self.tries)

    async def hold(self, claim: Claim, seconds: float) -> bool:
        if self.down:
            raise Unavailable
        self.held.append(seconds)
        return not self.lost

    async def give_up(self, claim: Claim) -> None:
        if self.down:
            raise Unavailable
        self.ended = "given up"


def due_work(
    rows: Rows,
    perform: Callable[[Claim], Awaitable[None]],
    *,
    most_tries: int | None = None,
    claim_seconds: float = 3600,
) -> DueWork:
    return DueWork(
        "test",
        rows,
        perform,
        pauses=Pauses(first_seconds=2, longest_seconds=60),
        claim_seconds=claim_seconds,
        patience=None if most_tries is None else Patience(most_tries, rows.give_up),
    )


async def failing(claim: Claim) -> None:
    raise ValueError


@pytest.fixture
def rows() -> Rows:
    return Rows()


async def test_what_fails_is_put_off_for_twice_as_long_each_time(rows: Rows) -> None:
    work = due_work(rows, failing)
    for _ in range(7):
        assert await work.once()
    assert rows.held == [2, 4, 8, 16, 32, 60, 60]
    assert not rows.ended


def test_a_pause_after_thousands_of_failures_is_the_longest_one() -> None:
    assert Pauses(first_seconds=2, longest_seconds=60).after(100_000) == 60


async def test_the_last_try_that_fails_gives_the_work_up(rows: Rows) -> None:
    work = due_work(rows, failing, most_tries=3)
    for _ in range(3):
        assert not rows.ended
        await work.once()
    assert rows.ended == "given up"
    assert rows.held == [2, 4]
    assert not await work.once()


async def test_what_is_hopeless_is_given_up_at_once(rows: Rows) -> None:
    async def hopeless(claim: Claim) -> None:
        raise Hopeless

    await due_work(rows, hopeless, most_tries=3).once()
    assert (rows.ended, rows.tries) == ("given up", 1)


async def test_a_process_that_died_in_the_last_try_leaves_the_giving_up_to_the_next(rows: Rows) -> None:
    rows.tries = 3
    performed: list[Claim] = []

    async def perform(claim: Claim) -> None:
        performed.append(claim)

    await due_work(rows, perform, most_tries=3).once()
    assert (rows.ended, performed) == ("given up", [])


async def test_giving_up_without_a_database_is_done_later(rows: Rows) -> None:
    async def and_the_database_goes(claim: Claim) -> None:
        rows.down = True
        raise Hopeless

    work = due_work(rows, and_the_database_goes, most_tries=3)
    assert await work.once()
    assert not await work.once()
    rows.down = False
    rows.tries = 3
    await work.once()
    assert rows.ended == "given up"


async def test_a_claim_is_renewed_while_the_work_goes_on(rows: Rows) -> None:
    async def until_renewed_twice(claim: Claim) -> None:
        while len(rows.held) < 2:
            await asyncio.sleep(0)
        rows.ended = "done"

    async with asyncio.timeout(20):
        await due_work(rows, until_renewed_twice, claim_seconds=CLAIM_SECONDS).once()
    assert rows.ended == "done"
    assert set(rows.held) == {CLAIM_SECONDS}


async def test_work_whose_claim_is_lost_stops_and_is_not_put_off(rows: Rows) -> None:
    rows.lost = True

    async def endless(claim: Claim) -> None:
        await asyncio.Event().wait()

    async with asyncio.timeout(20):
        assert await due_work(rows, endless, most_tries=1, claim_seconds=CLAIM_SECONDS).once()
    assert rows.held == [CLAIM_SECONDS]
    assert not rows.ended


async def test_a_stop_ends_the_work_and_the_claim_runs_out_by_itself(rows: Rows) -> None:
    begun = asyncio.Event()
    stopped = asyncio.Event()

    async def endless(claim: Claim) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    running = asyncio.ensure_future(due_work(rows, endless).run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert stopped.is_set()
    assert (rows.held, rows.ended) == ([], "")
