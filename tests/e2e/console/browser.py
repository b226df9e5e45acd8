"""Finds a Chromium, and watches what a page does that no page may do."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

from deploy.console import BIN, CONSOLE

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


@dataclass(frozen=True, slots=True)
class Chromium:
    """A browser's program, and the folder of the libraries that it brings, if it brings any."""

    path: str
    libraries: str = ""

    def environment(self) -> dict[str, str]:
        """The environment that it is started with."""
        return {**os.environ, **({"LD_LIBRARY_PATH": self.libraries} if self.libraries else {})}


def chromium(room: Path) -> Chromium | None:
    """Return `SMELT_CHROMIUM`, else the one of the console's lock, else one on the path, else None.

    The lock's comes packed; it is unpacked into `room`. It runs on x86-64 alone.
    """
    if named := os.environ.get("SMELT_CHROMIUM"):
        return Chromium(named)
    if platform.machine() == "x86_64" and (BIN / "node").exists():
        environment = {**os.environ, "TMPDIR": str(room)}
        unpack = [str(BIN / "node"), "chromium.mjs"]
        done = subprocess.run(unpack, cwd=CONSOLE, env=environment, capture_output=True, text=True)
        if done.returncode == 0:
            return Chromium(done.stdout.strip(), str(room / "al2023" / "lib"))
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return Chromium(found) if found else None


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
