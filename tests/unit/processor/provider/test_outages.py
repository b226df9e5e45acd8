"""Endpoints that are away, on a clock of its own."""

from dataclasses import dataclass, field

from services.processor.provider.outages import Outages


@dataclass
class Work:
    """Its sleep lets the clock run."""

    time: float = 100.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


async def test_an_endpoint_that_answers_is_called_at_once() -> None:
    work = Work()
    outages = Outages(clock=work.clock)
    assert await outages.turn("p", work)
    assert (work.slept, outages.seconds("p")) == ([], 0.0)


async def test_one_call_tries_and_the_others_wait() -> None:
    work = Work()
    outages = Outages(clock=work.clock)
    outages.is_away("p", 1, was_try=False)
    assert await outages.turn("p", work)
    # Calls that were under way before do not make room for another try.
    outages.is_away("p", 2, was_try=False)
    assert not await outages.turn("p", work)
    assert not await outages.turn("p", work)
    # Another rate key has nothing to do with it.
    assert await outages.turn("q", work)
    outages.is_back("p")
    assert await outages.turn("p", work)
    assert await outages.turn("p", work)


async def test_tries_become_rarer_up_to_a_bound_and_obey_the_endpoint() -> None:
    work = Work()
    outages = Outages(clock=work.clock)
    outages.is_away("p", 1, was_try=False)
    gaps = []
    for _ in range(6):
        assert await outages.turn("p", work)
        gaps.append(work.slept[-1])
        outages.is_away("p", 1, was_try=True)
    assert gaps == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert await outages.turn("p", work)
    outages.is_away("p", 1, was_try=True, wait_seconds=30.0)
    assert await outages.turn("p", work)
    assert work.slept[-1] == 30.0
    assert outages.seconds("p") == work.time - 100.0


async def test_a_try_that_is_never_heard_of_does_not_stop_the_others() -> None:
    work = Work()
    outages = Outages(clock=work.clock)
    outages.is_away("p", 1, was_try=False)
    assert await outages.turn("p", work)
    tries = 0
    while not await outages.turn("p", work):
        tries += 1
        assert tries < 1000
    assert work.time > 170


async def test_an_outage_that_one_row_alone_meets_may_be_its_own() -> None:
    outages = Outages(clock=Work().clock)
    outages.is_away("p", 1, was_try=False)
    outages.is_away("p", 1, was_try=True)
    assert (outages.is_of("p", 1), outages.is_of("p", 2), outages.is_of("q", 1)) == (True, False, False)
    outages.is_away("p", 2, was_try=False)
    assert not outages.is_of("p", 1)
