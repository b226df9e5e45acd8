"""What the console's build promises: its size, that it asks nobody else, and that it is the same twice."""

import re
import shutil
from pathlib import Path

import pytest

from deploy.console import run
from tests.unit.console.built import CONSOLE, DIST, ENTRY, manifest, need_build, needed, on_the_wire, written

#: Bytes on the wire at most. A browser on a slow line waits for them before it can show anything.
SIGN_IN, HOME, LATER, STYLES, FONT = 115_000, 170_000, 20_000, 8_000, 50_000
#: Pages that weigh more than the budget: no more than this, with the parts that the first of them brings.
LARGER = {
    "src/pages/editor/index.tsx": 30_000,
    "src/pages/file/index.tsx": 23_000,
    "src/pages/job/index.tsx": 35_000,
    "src/pages/wizard/index.tsx": 27_000,
}
SHELL, GATE, START = "src/shell/index.tsx", "src/pages/gate/index.tsx", "src/pages/home/index.tsx"
#: Addresses that name a vocabulary, or where React explains an error; nobody asks for them.
NAMES = re.compile(r"https?://(?:www\.w3\.org/|react\.dev/errors/|base-ui\.com/|tanstack\.com/|localhost\b)")


@pytest.fixture(autouse=True)
def built() -> None:
    need_build()


@pytest.mark.parametrize(
    ("page", "most"), [((GATE,), SIGN_IN), ((SHELL, START), HOME)], ids=["sign-in", "home"]
)
def test_the_first_page_is_small(page: tuple[str, ...], most: int) -> None:
    assert on_the_wire(needed(ENTRY, *page), "js") <= most


def test_each_later_page_adds_little() -> None:
    there = needed(ENTRY, SHELL, START)
    pages = [piece for piece in manifest() if re.fullmatch(r"src/pages/\w+/(?:index|[A-Z]\w+)\.tsx", piece)]
    assert len(pages) > 15
    sizes = {page: on_the_wire(needed(page) - there, "js") for page in pages}
    assert {page: size for page, size in sizes.items() if size > LARGER.get(page, LATER)} == {}


def test_styles_and_the_font_of_the_first_paint_are_small() -> None:
    for pages in ((GATE,), (SHELL, START)):
        assert on_the_wire(needed(ENTRY, *pages), "css") <= STYLES
    [font] = DIST.glob("console/inter-latin-wght-*.woff2")
    assert font.stat().st_size <= FONT


@pytest.mark.promise("S62")
def test_nothing_in_it_names_another_address() -> None:
    elsewhere = {
        (path.name, found)
        for path in written()
        if path.suffix in (".js", ".css", ".html", ".svg")
        for found in re.findall(r"https?://[^\s\"'`)<>\\]+", NAMES.sub("", path.read_text(encoding="utf-8")))
        # Examples in fields, which nothing asks for.
        if not re.match(
            r"https://(?:example\.com|NAME\.openai\.azure\.com|openrouter\.ai|api\.openai\.com)", found
        )
    }
    assert elsewhere == set()


def test_no_script_or_style_is_inline_and_nothing_is_a_data_address() -> None:
    page = (DIST / ENTRY).read_text(encoding="utf-8")
    assert all(" src=" in tag for tag in re.findall(r"<script\b[^>]*>", page))
    assert "<style" not in page
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)
    for path in written():
        if path.suffix in (".css", ".html"):
            assert "data:" not in path.read_text(encoding="utf-8"), path.name


def test_two_builds_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    """So that anyone can check what is served against the source; packed twins too."""
    again = tmp_path / "elsewhere"
    leave = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(CONSOLE, again, ignore=leave)
    (again / "node_modules").symlink_to(CONSOLE / "node_modules")
    run("npm", "run", "--silent", "build", folder=again)
    assert contents(again / "dist") == contents(DIST)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        # Its keys are the places of the sources, and the packages of a copy lie elsewhere.
        if path.is_file() and path.name not in (".done", "manifest.json")
    }
