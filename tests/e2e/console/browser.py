"""Finds a Chromium, and watches what a page does that no page may do."""

import os
import shutil
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

#: No update, no sync, no call of the browser's own; QUIC would go past the gateway's port.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def chromium() -> str | None:
    """Return the path of a Chromium: `SMELT_CHROMIUM`, or the first on the path; None when there is none."""
    named = os.environ.get("SMELT_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Watch:
    """What a page did against its policy; empty lists are good."""

    base: str
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        """Begin to watch a page."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)
        page.on("console", lambda message: self._said(message.text))
        # Told by the page itself: the console's wording of a violation differs between browsers.
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) => "
            "console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`))"
        )

    def check(self) -> None:
        """Fail with all that was seen."""
        assert (self.violations, self.errors, self.elsewhere) == ([], [], [])

    def _said(self, text: str) -> None:
        if "policy violated" in text or "Content Security Policy" in text or "TrustedHTML" in text:
            self.violations.append(text)

    def _request(self, request: Request) -> None:
        asked, own = urlsplit(request.url), urlsplit(self.base)
        if (asked.scheme, asked.netloc) != (own.scheme, own.netloc):
            self.elsewhere.append(request.url)
