"""Takes the pictures of docs/images: `make run` in one shell, `python -m tests.pictures` in another.

They show a made-up account on the stand-in provider, so that anybody can take them again after a change.
"""

import base64
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.local.runtime import ROOT
from deploy.local.settings import default_state_directory
from tests.e2e.api import PASSWORD, Person, register, tls
from tests.e2e.console.browser import FLAGS, chromium
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import Stack

IMAGES = ROOT / "docs" / "images"
#: Anybody reads them over any line.
MOST_BYTES = 100_000
ROWS = 400
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
HEADER = "First Name,Last Name,Job Title,Company Name,Industry,City,Notes"
FIRST = ("Ada", "Grace", "Linus", "Margaret", "Alan", "Katherine", "Joan", "Radia", "Barbara", "Shafi")
LAST = ("Hopper", "Hamilton", "Turing", "Johnson", "Clarke", "Perlman", "Liskov", "Goldwasser")
TITLES = ("Head of Marketing", "VP Sales", "RevOps Lead", "Founder", "Demand Generation Manager")
COMPANIES = ("Umbra Optics", "Quarry Stone", "Meridian Freight", "Driftwood Media", "Löwe & Söhne")
INDUSTRIES = ("Optics", "Mining", "Logistics", "Media", "Robotics")
NOTES = ("", "Met at the spring fair", "Wants a demo", "Uses a competitor")
HOOK = (
    "Write one opening line, at most 25 words, for {{First Name}}, who is {{Job Title}} at {{Company Name}}."
    "\n\nIndustry: {{Industry}}\nWhat we know: {{Notes}}\n\nNo greeting, no exclamation marks."
)
SAID = (
    "Three teams in your field stopped sending one mail to everybody. Curious what they do now?",
    "Most lists of this size lose a day a week to cleaning. Yours could have it back by Friday.",
    "A quick thought on the leads from the fair: they are fine, it is the second mail that loses them.",
    "Noticed that you are hiring for the night shift. New people ask for a list that is right.",
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the address, and what is pressed before it is taken."""

    name: str
    address: str
    size: Mapping[str, int]
    dark: bool = False
    press: str = ""


def _running() -> Stack:
    state = Path(os.environ.get("SMELT_STATE_DIR") or default_state_directory())
    told = state / "stack.json"
    if not told.exists():
        sys.exit(f"no stack is running in {state}: start one with make run")
    written = json.loads(told.read_text())
    return Stack(written["gateway_url"], Path(written["ca_file"]), written["provider_url"], state)


def _leads() -> bytes:
    dice = random.Random(4)
    columns = (FIRST, LAST, TITLES, COMPANIES, INDUSTRIES, ("Berlin", "Kraków", "Lyon", "Leeds"), NOTES)
    lines = [",".join(dice.choice(column) for column in columns) for _ in range(ROWS)]
    return "\n".join([HEADER, *lines]).encode()


def _account(person: Person, provider: Provider) -> dict[str, str]:
    """Fill an account; return the ids that addresses need."""
    person.add_key(provider.base_url)
    file = person.file(_leads(), "leads-autumn.csv")
    hook = person.template(HOOK, "Hook", display_name="Cold hook", word_limit=25)
    subject = person.template(
        "A subject line of six words for {{First Name}}, after: {{Hook}}",
        "Subject",
        display_name="Subject line",
    )
    answers = [{"action": "content", "content": said, "every": 4 - nth} for nth, said in enumerate(SAID)]
    provider.script({"action": "content_filter", "every": 41}, *answers, latency_ms=40)
    done = person.job(file, [hook, subject], max_cost_usd="25")
    person.finished(done)
    return {"file": _id(file), "template": _id(hook), "job": _id(done)}


def _id(thing: Mapping[str, Any]) -> str:
    return str(thing["name"]).split("/")[1]


def _shots(ids: Mapping[str, str]) -> Iterator[Shot]:
    job, wizard = f"/jobs/{ids['job']}", f"/jobs/new?file={ids['file']}&template={ids['template']}"
    yield Shot("home", "/", WIDE)
    yield Shot("file", f"/files/{ids['file']}", WIDE)
    yield Shot("library", "/library", WIDE)
    yield Shot("editor", f"/templates/{ids['template']}", WIDE)
    yield Shot("new-job", wizard, WIDE)
    yield Shot("job", job, WIDE)
    yield Shot("row", f"{job}?row=4", WIDE)
    yield Shot("download", job, WIDE, press="Download")
    yield Shot("usage", "/usage", WIDE)
    for name, address in (("home", "/"), ("editor", f"/templates/{ids['template']}"), ("job", job)):
        yield Shot(f"{name}-dark", address, WIDE, dark=True)
    for name, address in (("new-job", wizard), ("job", job), ("row", f"{job}?row=4")):
        yield Shot(f"{name}-narrow", address, NARROW)


def _small(page: Page, png: bytes) -> bytes:
    """Return a picture as WebP, which the browser itself can write."""
    text = page.evaluate(
        "async (png) => { const image = await createImageBitmap(await (await fetch(png)).blob());"
        "const canvas = new OffscreenCanvas(image.width, image.height);"
        "canvas.getContext('2d').drawImage(image, 0, 0);"
        "const blob = await canvas.convertToBlob({type: 'image/webp', quality: 0.9});"
        "return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer()))); }",
        "data:image/png;base64," + base64.b64encode(png).decode(),
    )
    return base64.b64decode(text)


def _take(browser: Browser, stack: Stack, person: Person, ids: Mapping[str, str]) -> None:
    plain = browser.new_page()
    context = browser.new_context(base_url=stack.gateway_url, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")
    for shot in _shots(ids):
        page.set_viewport_size({"width": shot.size["width"], "height": shot.size["height"]})
        page.emulate_media(color_scheme="dark" if shot.dark else "light", reduced_motion="reduce")
        page.goto(shot.address)
        page.wait_for_load_state("networkidle")
        if shot.press:
            page.get_by_role("button", name=shot.press).click()
            page.get_by_role("dialog").wait_for()
        picture = _small(plain, page.screenshot())
        if len(picture) > MOST_BYTES:
            sys.exit(f"{shot.name} has {len(picture)} bytes, more than {MOST_BYTES}")
        (IMAGES / f"{shot.name}.webp").write_bytes(picture)
        print(f"{shot.name}.webp {len(picture)} bytes")


def main() -> int:
    """Take all pictures; the exit code is 0, or 1 without a Chromium or a stack."""
    room = tempfile.TemporaryDirectory()
    program = chromium(Path(room.name))
    if program is None:
        sys.exit("no Chromium: set SMELT_CHROMIUM, or install one")
    stack = _running()
    IMAGES.mkdir(parents=True, exist_ok=True)
    provider = Provider(urlsplit(stack.provider_url).netloc)
    with httpx2.Client(
        base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        person = register(http)
        ids = _account(person, provider)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program.path, args=list(FLAGS), env=dict(program.environment())
            )
            _take(browser, stack, person, ids)
            browser.close()
    provider.reset()
    provider.stop()
    room.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
