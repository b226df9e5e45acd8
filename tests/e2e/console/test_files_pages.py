"""Files in the browser: sent, refused with offers, read in another way, and 50,000 rows of one."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.console.conftest import SignedIn

LEADS = b"First Name,Company\nAda,Analytical Engines\nLinus,Quarry Stone\n"
#: Notes above the table, as people write them.
NOTES = b"Leads of spring\n\nFirst Name,Company,City\nAda,Engines,London\nLinus,Quarry,Bern\nJoan,Mill,Ulm\n"
#: The word cut in two is no UTF-8.
WESTERN = "Name,City\nJosé,Málaga\nZoë,Zürich\nRenée,Besançon\n".encode("windows-1252")
ROWS = 50_000
#: Elements of the whole page at most, however long the table is.
NODES = 700
#: Counts what is drawn anew outside the table.
MEASURE = """() => {
  window.drawn = 0;
  const outside = ({ target }) => !document.querySelector("[role=grid]").contains(target);
  const count = (changes) => { window.drawn += changes.filter(outside).length; };
  new MutationObserver(count).observe(document.getElementById("main"), {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
}"""
#: One move of a wheel, until it is drawn.
SCROLL = """(box, top) => new Promise((drawn) => {
  box.scrollTop = top;
  requestAnimationFrame(() => requestAnimationFrame(drawn));
})"""


def send(page: Page, name: str, content: bytes) -> None:
    page.goto("/files")
    page.get_by_test_id("file").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def cell(page: Page, row: int, column: int) -> Locator:
    return page.locator(f'[data-at="{row}:{column}"]')


def test_a_file_is_sent_and_shown(signed_in: SignedIn) -> None:
    page = signed_in.page
    send(page, "leads.csv", LEADS)
    page.wait_for_url("**/files/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("leads.csv")
    expect(cell(page, 1, 2)).to_have_text("Quarry Stone")
    page.get_by_role("button", name="Columns", exact=True).first.click()
    expect(page.get_by_role("table", name="Columns")).to_contain_text("First name")


def test_a_refused_file_says_the_line_and_can_be_read_as_offered(signed_in: SignedIn) -> None:
    page = signed_in.page
    send(page, "notes.csv", NOTES)
    expect(page.get_by_role("alert")).to_contain_text("Line")
    expect(page.get_by_role("table")).to_contain_text("First Name")
    page.get_by_role("button", name="Read it like this").first.click()
    page.wait_for_url("**/files/*")
    expect(cell(page, 0, 1)).to_have_text("Ada")
    expect(page.get_by_text("left out")).to_be_visible()


def test_a_guessed_encoding_is_called_a_guess_and_can_be_another(signed_in: SignedIn) -> None:
    page = signed_in.page
    send(page, "western.csv", WESTERN)
    page.wait_for_url("**/files/*")
    expect(page.get_by_text("The encoding is a guess")).to_be_visible()
    expect(page.get_by_text("José").first).to_be_visible()
    page.get_by_role("combobox", name="Encoding").click()
    page.get_by_role("option", name="Windows-1251").click()
    expect(page.get_by_text("The file was read again")).to_be_visible()
    expect(cell(page, 0, 1)).to_have_text("Josй")


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(signed_in: SignedIn, tmp_path: Path) -> None:
    page = signed_in.page
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    page.goto("/files")
    expect(page.get_by_text("up to 50.0 MB")).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.get_by_test_id("file").set_input_files(large)
    expect(page.get_by_text("Nothing was sent")).to_be_visible()
    assert not [url for url in sent if ":upload" in url]


@pytest.fixture
def long_file(signed_in: SignedIn) -> Page:
    lines = (f"{row},name {row},{'x' * 40}\n" for row in range(1, ROWS + 1))
    send(signed_in.page, "long.csv", ("id,name,text\n" + "".join(lines)).encode())
    signed_in.page.wait_for_url("**/files/*")
    expect(cell(signed_in.page, 0, 1)).to_have_text("1")
    return signed_in.page


def test_fifty_thousand_rows_are_read_by_keyboard_in_a_window(long_file: Page) -> None:
    page = long_file
    grid = page.get_by_role("grid")
    assert grid.get_attribute("aria-rowcount") == str(ROWS + 1)
    page.evaluate(MEASURE)
    cell(page, 0, 0).focus()
    page.keyboard.press("Control+End")
    expect(cell(page, ROWS - 1, 3)).to_be_focused()
    expect(cell(page, ROWS - 1, 1)).to_have_text(str(ROWS))
    page.keyboard.press("Control+Home")
    expect(cell(page, 0, 0)).to_be_focused()
    page.keyboard.press("j")
    expect(cell(page, 1, 0)).to_be_focused()
    for step in range(1, 41):
        grid.evaluate(SCROLL, step * 1500)
    # 60,000 pixels of rows that are 37 high.
    expect(cell(page, 1630, 1)).to_have_text("1631")
    assert page.locator("*").count() < NODES
    # Scrolling draws the table alone, and of it what comes into view.
    assert page.evaluate("window.drawn") == 0
    # What scrolled away still has the focus, so that the next key goes on from there.
    page.keyboard.press("ArrowDown")
    expect(cell(page, 2, 0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("name 3")
