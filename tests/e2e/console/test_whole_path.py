"""From registering to a downloaded result, by clicks alone, as somebody would who has never seen it."""

import csv
import hashlib
import io
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.api import PASSWORD, Person
from tests.support.provider import Provider, answer_for

ROWS = 25
FIRST = 20
LEADS = "First Name,Job Title,Company Name\r\n" + "".join(
    f'Ada {number},Head of {number},"Löwe, Söhne & {number}"\r\n' for number in range(1, ROWS + 1)
)


def _prompt(number: int) -> str:
    return f"Greet Ada {number} of Löwe, Söhne & {number}."


@pytest.mark.promise("S34")
@pytest.mark.timeout(600)
def test_somebody_new_registers_and_downloads_a_checked_result(
    page: Page, http: httpx2.Client, provider: Provider, axe: Callable[[Page], list[str]], tmp_path: Path
) -> None:
    email = f"{secrets.token_hex(8)}@example.com"
    page.goto("/register")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(r"/$"))
    # What a person pastes in the settings; here it is the stand-in's.
    token = http.post("/v1/sessions", json={"email": email, "password": PASSWORD}).json()["token"]
    person = Person(http, email, token)
    person.add_key(provider.base_url)

    page.goto("/files")
    leads = tmp_path / "leads (final).csv"
    leads.write_bytes(LEADS.encode())
    page.locator("input[type=file]").set_input_files(leads)
    page.wait_for_url("**/files/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("leads (final).csv")

    page.goto("/library")
    page.get_by_role("button", name="Use a copy: Opening line").click()
    page.wait_for_url("**/templates/*")
    prompt = page.get_by_label("Prompt")
    prompt.fill("Greet {{First Name}} of {{Comp")
    # The list completes the name; Enter takes it.
    expect(page.get_by_role("option", name="Company Name")).to_be_visible()
    prompt.press("Enter")
    prompt.press_sequentially(".")
    expect(prompt).to_have_value("Greet {{First Name}} of {{Company Name}}.")
    expect(page.get_by_role("region", name="Preview").last).to_contain_text(_prompt(1))
    page.get_by_role("button", name="Next row").click()
    expect(page.get_by_role("region", name="Preview").last).to_contain_text(_prompt(2))
    assert axe(page) == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Not saved")).to_be_hidden()
    assert provider.requests() == []

    page.get_by_role("link", name="Use in a job").click()
    page.wait_for_url("**/jobs/new*")
    start = page.get_by_role("button", name=f"Start {FIRST} rows")
    expect(start).to_be_enabled()
    expect(page.get_by_role("complementary", name="This job")).to_contain_text("$")
    assert axe(page) == []
    # A second click, before the first is answered, starts nothing more.
    start.dblclick()
    page.wait_for_url(re.compile(r"/jobs/[a-z0-9]{10,}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Completed")
    assert len(person.ok("GET", "/v1/jobs")["jobs"]) == 1
    grid = page.get_by_role("grid", name="Rows of the job")
    expect(grid).to_have_attribute("aria-rowcount", str(FIRST + 1))
    expect(grid.get_by_role("row").nth(1)).to_contain_text(answer_for(_prompt(1))[:40])
    assert axe(page) == []

    page.get_by_role("button", name="Download").click()
    dialog = page.get_by_role("dialog", name="Download results")
    assert axe(page) == []
    with page.expect_download() as waiting:
        dialog.get_by_role("link", name="Download CSV").click()
    target = tmp_path / "results.csv"
    waiting.value.save_as(target)
    content = target.read_bytes()
    (job,) = person.ok("GET", "/v1/jobs")["jobs"]
    checked = person.results(job)
    assert hashlib.sha256(content).digest() == hashlib.sha256(checked).digest()
    table = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert len(table) == FIRST + 1
    assert [row[3] for row in table[1:]] == [answer_for(_prompt(number)) for number in range(1, FIRST + 1)]
