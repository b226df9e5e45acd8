"""Refusals that come whatever the pace is, beside those of a real limit, on a clock of their own."""

import random
from collections import deque
from collections.abc import Callable

import pytest

from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import Failure, Verdict
from services.processor.provider.local_pace import LocalPace

REFUSED = Unusable(Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "no", wait_seconds=4.0))
ANSWERED = Answer(("Hello",), 5, 5)
CALL_SECONDS = 0.05
LANES = 64


def sent(
    calls: int, refuses: Callable[[float, random.Random], bool], seed: int = 1
) -> tuple[LocalPace, list[float], int]:
    """Send calls at the learnt pace, in LANES at most; return the pace, when each started, and refusals."""
    here, now = LocalPace("p"), 1000.0
    started: list[float] = []
    dice, flying, refusals, answers = random.Random(seed), deque[tuple[float, float]](), 0, deque[float]()
    while len(started) < calls:
        rate = here.pace.rate(now)
        if len(flying) < LANES and (rate is None or not started or now - started[-1] >= 1 / rate):
            flying.append((now + CALL_SECONDS, now))
            started.append(now)
        else:
            free = now + 0.05 if rate is None else started[-1] + 1 / rate
            now = max(now + 0.001, min(free, flying[0][0] if flying else free))
        while flying and flying[0][0] <= now:
            _, began = flying.popleft()
            while answers and answers[0] < now - 1:
                answers.popleft()
            here.passing = float(len(answers))
            refused = refuses(began, dice)
            refusals += refused
            if not refused:
                answers.append(now)
            here.pace = here.learn(REFUSED if refused else ANSWERED, started=began, now=now)
    return here, started, refusals


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_strays_cost_little_time(share: float, seed: int) -> None:
    _, started, _ = sent(1500, lambda _, dice: dice.random() < share, seed)
    free = 1500 / LANES * CALL_SECONDS
    assert started[-1] - started[0] < 6 * free


@pytest.mark.parametrize("seed", range(5))
def test_a_limit_is_found_all_the_same(seed: int) -> None:
    taken: deque[float] = deque()

    def refuses(began: float, _: random.Random) -> bool:
        while taken and taken[0] <= began - 1:
            taken.popleft()
        if len(taken) >= 200:
            return True
        taken.append(began)
        return False

    here, started, refusals = sent(6000, refuses, seed)
    assert refusals < 600
    assert 0.7 < (6000 - refusals) / (started[-1] - started[0]) / 200 <= 1.02
    # No more than what counts for accidents anyhow.
    assert here.strays.share < 0.03


def test_after_strays_a_real_limit_is_still_found() -> None:
    _, started, _ = sent(4000, lambda began, dice: dice.random() < (0.2 if began < 1002 else 0.9))
    late = [moment for moment in started if moment > 1010]
    assert len(late) / (started[-1] - 1010) < 100
