"""Processes die while a page watches a job: the page says so where it can know it, and recovers by itself."""

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.e2e.console.conftest import SignedIn
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack

ROWS = 60


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("victim", "is_told"),
    [
        # The process that sends the events, so that the page learns of it.
        ("processor", True),
        *(
            pytest.param(victim, told, marks=pytest.mark.long)
            for victim, told in (("worker-1", False), ("envoy", True), ("vault", False), ("files", False))
        ),
    ],
)
def test_a_page_that_watches_recovers_by_itself(
    signed_in: SignedIn, provider: Provider, stack: Stack, victim: str, is_told: bool
) -> None:
    page, person = signed_in.page, signed_in.person
    person.add_key(provider.base_url)
    provider.script({"action": "hold", "contains": f"Say {ROWS - 1}"}, latency_ms=50)
    file = person.file(b"n\n" + b"".join(b"%d\n" % n for n in range(ROWS)))
    job = person.job(file, [person.template("Say {{n}}.")], parallel_calls=4)
    page.goto(f"/{job['name']}")
    progress = page.get_by_role("region", name="Progress")
    expect(progress.get_by_text("live", exact=True)).to_be_visible()
    lost = page.get_by_text("The connection to the server is lost.")

    os.kill(stack.pids[victim], signal.SIGKILL)
    if is_told:
        lost.wait_for(timeout=PATIENCE_SECONDS * 1000)
    # No click, no reload: it is live again, and sees the end.
    expect(lost).to_be_hidden()
    provider.script()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed", timeout=PATIENCE_SECONDS * 1000)
    expect(progress).to_contain_text(f"{ROWS} of {ROWS}")
    expect(page.get_by_role("grid", name="Rows of the job")).to_contain_text("Say 1.")
    # It answers questions again, too.
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("link", name="Download CSV")).to_be_visible()
