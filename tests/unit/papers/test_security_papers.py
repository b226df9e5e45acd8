"""docs/asvs.md has a line for each requirement, and what it and the threat model name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ASVS = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
PAPERS = [ROOT / "docs" / "asvs.md", ROOT / "docs" / "threat-model.md", ROOT / "SECURITY.md"]
MARKS = ("kept", "partly", "open", "does not apply")
#: How many requirements of levels 1 and 2 each section of version 5.0.0 has; those of level 3 come last.
SECTIONS = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}
REQUIREMENTS = {
    f"{chapter}.{section}.{number}"
    for chapter, counts in SECTIONS.items()
    for section, count in enumerate(counts, 1)
    for number in range(1, count + 1)
}
#: A path, and after it the names of tests in it.
NAMED = re.compile(r"`(tests/[\w/]+\.py)`:\s+(`test_\w+`(?:,\s+`test_\w+`)*)")
PATH = re.compile(r"`((?:services|gateway|deploy|client|tests|docs|protos|requirements)/[^`\s]*)`")


def items(text: str) -> list[str]:
    """Return the items of all lists, each on one line."""
    return [" ".join(item.split()) for item in re.findall(r"^\* .*(?:\n  .*)*", text, re.MULTILINE)]


def marked() -> dict[str, str]:
    """Return the mark of each requirement; an item may be about several."""
    found: dict[str, str] = {}
    for item in items(ASVS.split("\n## V1 ")[1].split("\n## Envoy")[0]):
        numbers = re.findall(r"\*\*(\d+\.\d+\.\d+)\*\*", item)
        (mark,) = re.findall(rf": \*\*({'|'.join(MARKS)})\*\*\.", item)
        assert not found.keys() & set(numbers), item
        found |= dict.fromkeys(numbers, mark)
    return found


def test_every_requirement_of_levels_1_and_2_has_a_line() -> None:
    assert len(REQUIREMENTS) == 253
    assert marked().keys() == REQUIREMENTS


def test_every_gap_is_listed_with_what_would_close_it() -> None:
    chapter = ASVS.split("\n## Gaps")[1].split("\n## ")[0]
    listed = {}
    for item in items(chapter):
        gap = re.fullmatch(r"\* \*\*(\d+\.\d+\.\d+)\*\* \(level [12], (partly|open)\), [^:]+: (.+)\.", item)
        assert gap is not None, item
        listed[gap[1]] = gap[2]
    assert listed == {number: mark for number, mark in marked().items() if mark in ("partly", "open")}


def test_the_sums_are_right() -> None:
    sums = [sum(mark == each for mark in marked().values()) for each in MARKS]
    kept, partly, is_open, other = sums
    said = f"requirements, {kept} are kept, {partly} partly, {is_open} are open, and {other} do not apply"
    assert f"Of {len(REQUIREMENTS)} {said}" in " ".join(ASVS.split())


def test_what_is_kept_names_a_place_or_says_that_nothing_is_there() -> None:
    for item in items(ASVS.split("\n## V1 ")[1]):
        if ": **kept**" in item:
            assert "`" in item or re.search(r"[Ss]ee \d|There are none|Python throughout", item), item


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_path_that_is_named_exists(paper: Path) -> None:
    paths = PATH.findall(paper.read_text(encoding="utf-8"))
    missing = [path for path in paths if not any(ROOT.glob(path.rstrip("/")))]
    assert not missing


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_every_test_that_is_named_exists(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    named = NAMED.findall(text)
    assert len(named) > 100 or paper.name != "asvs.md"
    for path, names in named:
        code = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(?:async )?def {name}\(", code, re.MULTILINE), f"{path}::{name}"
    in_order = {name for _, names in named for name in re.findall(r"`(\w+)`", names)}
    assert set(re.findall(r"`(test_\w+)`", text)) == in_order, "a test stands without its path"
