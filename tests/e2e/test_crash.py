"""Processes are killed and restarted in the middle of a job, and the job is intact afterwards."""

import random
from collections.abc import Callable

import pytest

from tests.chaos.history import Trial, begin, check, end
from tests.chaos.killer import VICTIMS, Killer
from tests.e2e.api import Person
from tests.support.provider import Provider
from tests.support.stack import Stack


@pytest.mark.promise("S40")
@pytest.mark.promise("S41")
@pytest.mark.parametrize(
    ("longest_seconds", "kills", "seed"),
    [
        (1.0, len(VICTIMS), 1),
        *(
            pytest.param(2.0, 52, seed, marks=[pytest.mark.long, pytest.mark.timeout(600)])
            for seed in (2, 3, 4)
        ),
    ],
)
def test_whatever_is_killed_each_row_has_one_result_and_few_are_paid_twice(
    new_person: Callable[[], Person],
    provider: Provider,
    stack: Stack,
    longest_seconds: float,
    kills: int,
    seed: int,
) -> None:
    trial = Trial(rows=2000, parallel_calls=120, latency_ms=500)
    person = new_person()
    person.add_key(provider.base_url)
    job = begin(person, provider, trial)
    with Killer(stack, 0.3, longest_seconds, random.Random(seed), most=kills) as killer:
        killer.wait()
    done = end(person, job, seconds=280)
    assert len(killer.kills) == kills
    assert {kill.victim for kill in killer.kills} == set(VICTIMS)
    check(person, provider, trial, job=done, kills=killer.kills)
