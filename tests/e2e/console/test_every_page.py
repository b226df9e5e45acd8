"""Every page: what axe finds, nothing cut off or scrolled sideways, in both themes and on a telephone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.console.conftest import SignedIn

GATES = ("/sign-in", "/register", "/forgot-password", "/reset-password#token=x", "/verify-email#token=x")
SETTINGS = (
    "account",
    "api-keys",
    "variables",
    "webhooks",
    "tokens",
    "sessions",
    "audit",
    "privacy",
    "preferences",
)
PAGES = (
    "/",
    "/files",
    "/templates",
    "/templates/new",
    "/library",
    "/jobs",
    "/jobs/new",
    "/usage",
    *(f"/settings/{tab}" for tab in SETTINGS),
)
#: What the default run looks at; the long one looks at all.
SOME = ("/", "/files", "/library", "/settings/api-keys")


@dataclass(frozen=True, slots=True)
class Look:
    """How a person sees a page."""

    width: int
    theme: Literal["light", "dark"]


LOOKS = (Look(1280, "light"), Look(1280, "dark"), Look(390, "light"))
#: At 320 CSS pixels, a page reflows (WCAG 1.4.10); 768 is a tablet.
WIDTHS = (320, 768)


def at_rest(page: Page, address: str) -> None:
    """Go to a page and wait until nothing of it is still to come."""
    page.goto(address)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_load_state("networkidle")


def examine(page: Page, addresses: tuple[str, ...], axe: Callable[[Page], list[str]]) -> None:
    found: list[str] = []
    for look in LOOKS:
        page.set_viewport_size({"width": look.width, "height": 844})
        page.emulate_media(color_scheme=look.theme, reduced_motion="reduce")
        for address in addresses:
            at_rest(page, address)
            found += [f"{address} at {look}: {finding}" for finding in axe(page)]
    page.emulate_media(color_scheme="light")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        for address in addresses:
            at_rest(page, address)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{address} is {wide} wide at {width}")
    assert found == []


def test_pages_for_strangers_are_for_everybody(page: Page, axe: Callable[[Page], list[str]]) -> None:
    examine(page, GATES[:2], axe)


def test_pages_are_for_everybody(signed_in: SignedIn, axe: Callable[[Page], list[str]]) -> None:
    examine(signed_in.page, SOME, axe)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_all_pages_for_strangers_are_for_everybody(page: Page, axe: Callable[[Page], list[str]]) -> None:
    examine(page, GATES, axe)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_all_pages_are_for_everybody(signed_in: SignedIn, axe: Callable[[Page], list[str]]) -> None:
    examine(signed_in.page, PAGES, axe)
