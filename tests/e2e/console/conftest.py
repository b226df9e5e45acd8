"""A real browser before the real stack: one browser for each file of tests, a new context for each test."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from deploy.local.console import BUILT
from deploy.local.runtime import ROOT
from tests.e2e.api import PASSWORD, Person
from tests.e2e.console.browser import FLAGS, Watch, chromium
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack

AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
#: Rules of WCAG 2.2 at levels A and AA.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: An experiment of axe that takes the value of a list for a part of its label.
LEFT_OUT = {"label-content-name-mismatch": {"enabled": False}}

# A page waits as long as every other test: a busy machine is no fault.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person, and a page in which they are signed in."""

    page: Page
    person: Person


def _leave_out(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


# Not for the whole run: while it is there, its loop counts as running, and tests of coroutines cannot run.
@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium of the console's lock, or of this machine."""
    program = chromium(tmp_path_factory.getbasetemp() / "chromium")
    if program is None:
        _leave_out("no Chromium: set SMELT_CHROMIUM, or install one")
    if not (BUILT / "index.html").is_file():
        _leave_out("the web console is not built: make console")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program.path, args=list(FLAGS), env=dict(program.environment())
        )
        yield running
        running.close()


@pytest.fixture
def console(stack: Stack) -> str:
    """The console's address, without a slash at its end."""
    return stack.gateway_url


@pytest.fixture
def watch(console: str) -> Iterator[Watch]:
    """Fails a test whose page violated its policy, broke, or asked anybody but its own origin."""
    watching = Watch(console)
    yield watching
    watching.check()


@pytest.fixture
def context(browser: Browser, console: str) -> Iterator[BrowserContext]:
    """A browser of somebody who was never here. No certificate is checked: its authority is this run's."""
    opened = browser.new_context(
        base_url=console, ignore_https_errors=True, viewport={"width": 1280, "height": 800}
    )
    opened.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    """A page that is watched."""
    opened = context.new_page()
    watch.over(opened)
    return opened


def sign_in(page: Page, person: Person) -> None:
    """Sign in by the form."""
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")


@pytest.fixture
def signed_in(page: Page, new_person: Callable[[], Person]) -> SignedIn:
    """A new account, signed in."""
    person = new_person()
    sign_in(page, person)
    return SignedIn(page, person)


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """A function that returns what axe finds on a page, a line for each finding."""

    def found(page: Page) -> list[str]:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate(
            "async ([values, rules]) => "
            "(await axe.run(document, {runOnly: {type: 'tag', values}, rules})).violations",
            [TAGS, LEFT_OUT],
        )
        return [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in result
            for node in each["nodes"]
        ]

    return found
