"""What can be done with a job by clicks, and what the page says before it is done."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.api import PASSWORD, Person
from tests.e2e.console.conftest import SignedIn
from tests.support.provider import Provider

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ROWS = 40


def _job(person: Person, provider: Provider, rows: int = ROWS, **more: object) -> dict[str, object]:
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"%d\n" % number for number in range(1, rows + 1)))
    return person.job(file, [person.template("Say {{n}}.")], **{"parallel_calls": 2, **more})


def _heading(page: Page, says: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text(says)


def test_a_job_is_paused_resumed_and_cancelled_after_a_question(
    signed_in: SignedIn, provider: Provider
) -> None:
    page, person = signed_in.page, signed_in.person
    provider.script(latency_ms=500)
    # Enough that it is not over before all was clicked.
    job = _job(person, provider, rows=2000)
    page.goto(f"/{job['name']}")
    page.get_by_role("button", name="Pause").click()
    _heading(page, "Paused")
    expect(page.get_by_text("You paused it.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    _heading(page, "Running")

    page.get_by_role("button", name="Cancel").click()
    asked = page.get_by_role("dialog", name="Cancel this job?")
    expect(asked).to_contain_text("What is done stays")
    asked.get_by_role("button", name="Keep running").click()
    expect(asked).to_be_hidden()
    assert person.ok("GET", f"/v1/{job['name']}")["state"] == "RUNNING"
    page.get_by_role("button", name="Cancel").click()
    asked.get_by_role("button", name="Cancel job").click()
    _heading(page, "Cancelled")
    page.get_by_role("button", name="Download").click()
    expect(page.get_by_role("dialog")).to_contain_text("The job is not complete")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete job").click()
    page.wait_for_url("**/jobs")
    assert person.call("GET", f"/v1/{job['name']}").status_code == 404


def test_failed_rows_are_sent_again_and_a_row_alone(signed_in: SignedIn, provider: Provider) -> None:
    page, person = signed_in.page, signed_in.person
    provider.script({"action": "content_filter", "contains": "Say 7."})
    job = _job(person, provider)
    page.goto(f"/{job['name']}")
    _heading(page, "Completed")
    page.get_by_role("button", name=re.compile("^Failed")).click()
    page.wait_for_url("**filter=*")
    grid = page.get_by_role("grid", name="Rows of the job")
    expect(grid).to_have_attribute("aria-rowcount", "2")
    grid.get_by_role("rowheader", name="7").click()
    drawer = page.get_by_role("dialog", name="Row 7")
    expect(drawer).to_contain_text("CONTENT_FILTERED")
    # The address says what is open: a reload shows the same.
    page.reload()
    expect(drawer).to_contain_text("CONTENT_FILTERED")
    drawer.get_by_role("button", name="Close").click()

    provider.script()
    page.get_by_role("button", name="Send 1 failed row again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_role("button", name="Send 1 failed row again")).to_be_hidden()
    _heading(page, "Completed")
    assert person.ok("GET", f"/v1/{job['name']}")["request_counts"]["succeeded"] == ROWS

    calls = len(provider.prompts())
    page.goto(f"/{job['name']}?row=3")
    drawer = page.get_by_role("dialog", name="Row 3")
    drawer.get_by_role("button", name="Send again").click()
    asked = page.get_by_role("dialog", name="Send row 3 again?")
    expect(asked).to_contain_text("count and cost as before")
    asked.get_by_role("button", name="Send again").click()
    provider.wait_for(calls + 1)
    _heading(page, "Completed")


def test_a_budget_that_is_used_up_is_raised_on_the_page(signed_in: SignedIn, provider: Provider) -> None:
    page, person = signed_in.page, signed_in.person
    job = _job(person, provider, max_cost_usd="0.0001")
    page.goto(f"/{job['name']}")
    _heading(page, "Paused")
    page.get_by_role("button", name="Raise the budget").click()
    dialog = page.get_by_role("dialog", name="Raise the budget")
    dialog.get_by_label("New budget, US dollars").fill("0")
    expect(dialog.get_by_text("More than before")).to_be_visible()
    dialog.get_by_label("New budget, US dollars").fill("5")
    dialog.get_by_role("button", name="Resume").click()
    _heading(page, "Completed")


def test_what_the_provider_rejects_leads_to_the_template(signed_in: SignedIn, provider: Provider) -> None:
    page, person = signed_in.page, signed_in.person
    provider.script({"action": "status", "status": 404})
    job = _job(person, provider)
    page.goto(f"/{job['name']}")
    _heading(page, "Paused")
    expect(page.get_by_text("The provider said:")).to_be_visible()
    page.get_by_role("link", name="Correct the template").click()
    expect(page.get_by_label("Prompt")).to_have_value("Say {{n}}.")


def test_an_ended_session_loses_no_text_and_stops_no_job(signed_in: SignedIn, provider: Provider) -> None:
    page, person = signed_in.page, signed_in.person
    provider.script(latency_ms=300)
    job = _job(person, provider)
    template = str(job["templates"][0])  # type: ignore[index]
    page.goto(f"/{template}")
    page.get_by_label("Prompt").fill("Text that nobody saved {{n}}")
    # As at another device: all other sessions end.
    person.ok("POST", "/v1/sessions:revokeOthers", {})
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/sign-in?*")
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"**/{template}")
    expect(page.get_by_label("Prompt")).to_have_value("Text that nobody saved {{n}}")
    # Leaving asks first.
    page.get_by_role("link", name="Jobs").first.click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    asked.get_by_role("button", name="Stay here").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not saved")).to_be_hidden()
    assert person.finished(job)["state"] == "COMPLETED"


def test_an_answer_is_edited_and_the_edit_taken_back(signed_in: SignedIn, provider: Provider) -> None:
    page, person = signed_in.page, signed_in.person
    provider.script({"action": "content", "content": "As the model wrote it, in one sentence."})
    job = _job(person, provider)
    page.goto(f"/{job['name']}?row=2")
    drawer = page.get_by_role("dialog", name="Row 2")
    drawer.get_by_role("button", name="Edit Hook").click()
    drawer.get_by_label("New text of Hook").fill("As I want it, in one sentence.")
    drawer.get_by_role("button", name="Save text").click()
    expect(drawer.get_by_text("Edited by you")).to_be_visible()
    assert b"As I want it" in person.results(job)
    drawer.get_by_text("Text before your edit").click()
    drawer.get_by_role("button", name="Undo the edit").click()
    expect(drawer.get_by_text("Edited by you")).to_be_hidden()
    assert b"As I want it" not in person.results(job)
