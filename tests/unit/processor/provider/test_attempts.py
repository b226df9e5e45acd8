"""How often a call is tried, and how long it waits in between."""

import pytest

from services.processor.jobs.grants import release_budget
from services.processor.provider.failures import backoff_seconds


def test_backoff_doubles_with_jitter_and_ends_somewhere() -> None:
    assert [backoff_seconds(failed, 0.999999) for failed in (1, 2, 3)] == pytest.approx([0.5, 1, 2], rel=1e-3)
    assert backoff_seconds(1, 0.0) == 0.25
    assert backoff_seconds(1000, 0.5) <= 20


def test_the_release_budget_covers_all_attempts_and_some_takeovers() -> None:
    assert release_budget(1, 1) == 3 + 8
    assert release_budget(2000, 2) == 12_000 + 8 * 1000
