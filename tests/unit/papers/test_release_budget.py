"""What the processor asks for in a grant is what the vault allows, exactly.

The vault does not trust the number in a grant: it counts rows, templates and attempts itself. If it counted
less than the processor, jobs would stop with GRANT_EXHAUSTED; if it counted more, a stolen grant would
release keys that no job can need. No service imports another, so only a test can hold both sides together.
"""

from datetime import UTC, datetime, timedelta

import pytest

from services.common.identity import JobGrant
from services.processor.jobs import economy, grants
from services.processor.provider import failures
from services.processor.settings import MOST_IN_FLIGHT, ProcessorSettings
from services.vault.grants import rules

FAR_TOO_MUCH = 10**12


def test_both_sides_count_the_same_attempts_takeovers_and_calls_in_flight() -> None:
    assert rules.ATTEMPTS == failures.ATTEMPTS
    assert rules.TAKEOVERS == grants.TAKEOVERS
    assert rules.MOST_IN_FLIGHT == MOST_IN_FLIGHT
    assert (rules.BATCH_USES, rules.BATCH_ROUNDS) == (grants.BATCH_USES, economy.BATCH_ROUNDS)
    assert rules.BATCH_ROWS == economy.BATCH_ROWS
    assert ProcessorSettings.model_fields["max_parallel_calls"].default == MOST_IN_FLIGHT


@pytest.mark.parametrize("name", ["parallel_calls", "max_parallel_calls"])
def test_no_setting_allows_more_calls_than_the_vault_pays_for(name: str) -> None:
    bounds = ProcessorSettings.model_fields[name].metadata
    assert [each.le for each in bounds if hasattr(each, "le")] == [MOST_IN_FLIGHT]


@pytest.mark.parametrize("templates", [1, 2, 7])
@pytest.mark.parametrize("rows", [1, 2, 499, 999, 1_000, 1_001, 10_000, 10_001, 50_000])
@pytest.mark.parametrize("in_batches", [False, True])
def test_the_vault_allows_what_the_processor_asks_for_and_nothing_above_it(
    rows: int, templates: int, in_batches: bool
) -> None:
    asked = grants.release_budget(rows, templates, economy=in_batches)
    for said, allowed in ((asked, asked), (FAR_TOO_MUCH, asked), (asked - 1, asked - 1)):
        assert rules.budget(grant(rows, templates, said, in_batches=in_batches)) == allowed


def grant(rows: int, templates: int, release_budget: int, *, in_batches: bool) -> JobGrant:
    return JobGrant(
        id="g1",
        purpose="job",
        account="account1",
        job="jobs/j1",
        file="files/f1",
        parse=1,
        api_key="apiKeys/k1",
        first_row=11,
        last_row=10 + rows,
        template_count=templates,
        release_budget=release_budget,
        expires=datetime(2030, 1, 1, tzinfo=UTC) + timedelta(hours=1),
        token="",
        economy=in_batches,
    )
