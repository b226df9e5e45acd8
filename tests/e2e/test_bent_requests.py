"""Bytes that no client sends, to every operation of the running stack: see `tests/fuzz`."""

import random

import pytest

from tests.fuzz.engine import LINES, fuzz
from tests.fuzz.operations import operations
from tests.support.stack import Stack


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    ("requests", "lines"),
    [(150, 1), pytest.param(20_000, LINES, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
async def test_no_bytes_make_a_500_and_each_refusal_has_the_one_shape(
    stack: Stack, requests: int, lines: int
) -> None:
    # The short form sends the same requests each time, the long form other ones.
    seed = 54 if lines == 1 else random.randrange(1_000_000)
    outcome = await fuzz(stack, seed=seed, enough=lambda so_far: so_far.requests >= requests, lines=lines)
    assert not outcome.findings, f"seed {seed}: " + "\n".join(map(str, outcome.findings[:5]))
    assert outcome.statuses[400] > requests // 10
    if lines > 1:
        assert len(outcome.succeeded) > len(operations()) // 2
