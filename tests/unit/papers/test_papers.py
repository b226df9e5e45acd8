"""The documents agree with the code."""

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.local.services import EVERYONE, PASSED_ON
from tests import codemap, promises, reasons, sdk_reference
from tests.support.processes import PROCESSES, settings_of

ROOT = Path(__file__).resolve().parents[3]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.md")])
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LONGEST_LINE = 120
AVOIDED = re.compile(r"\b(?:whoever|any more|so many|shall)\b", re.IGNORECASE)
#: Texts of code that may contain an avoided phrase, with the reason.
QUOTED = {"whoever|any more|so many|shall": "the pattern above"}


def test_every_claim_is_of_a_promise_that_was_made() -> None:
    assert {claim.promise for claim in promises.claims()} <= promises.sentences().keys()


def test_the_list_of_promises_is_up_to_date() -> None:
    assert promises.PAPER.read_text(encoding="utf-8") == promises.page(), "run python -m tests.promises"


def test_the_list_of_reasons_is_up_to_date() -> None:
    assert reasons.PAPER.read_text(encoding="utf-8") == reasons.page(), "run python -m tests.reasons"


def test_the_reference_of_the_sdk_is_true() -> None:
    assert sdk_reference.PAPER.read_text(encoding="utf-8") == sdk_reference.page(), (
        "run python -m tests.sdk_reference"
    )


def test_the_map_of_rooms_is_up_to_date() -> None:
    assert codemap.PAPER.read_text(encoding="utf-8") == codemap.page(), "run python -m tests.codemap"


def test_no_reason_in_the_code_is_missing_from_the_list() -> None:
    listed = set(re.findall(r"^\* `([A-Z0-9_]+)`", reasons.PAPER.read_text(), re.MULTILINE))
    for folder in ("services", "gateway"):
        for path in (ROOT / folder).rglob("*.py"):
            for reason in re.findall(r"\breason\s*=\s*\"([A-Z0-9_]+)\"", path.read_text(encoding="utf-8")):
                assert reason in listed, f"{path}: {reason}"


def documented() -> dict[str, tuple[str, str]]:
    """Return the settings in the lists, with their readers and defaults."""
    items = re.findall(
        r"^\* `(SMELT_\w+)` \(read by ([^;]+);\s+(?:default\s)?([^)]+)\):", SETTINGS, re.MULTILINE
    )
    return {name: (" ".join(readers.split()), " ".join(default.split())) for name, readers, default in items}


def shown(field: Any) -> str:
    """Return a field's default as the lists write it."""
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "computed"
    return {None: "none", "": "empty", (): "empty"}.get(field.default, f"`{field.default}`")


def test_every_setting_is_documented_with_its_readers_and_its_default() -> None:
    readers: dict[str, dict[str, str]] = {}
    for process in PROCESSES:
        for name, field in settings_of(process).model_fields.items():
            readers.setdefault(f"SMELT_{name.upper()}", {})[process] = shown(field)
    expected = {}
    for name, by_process in readers.items():
        usual = next(iter(by_process.values()))
        others = [f"{process} {value}" for process, value in by_process.items() if value != usual]
        expected[name] = (", ".join(by_process), ", ".join([usual, *others]))
    assert documented() == expected


@pytest.mark.parametrize("title", ["What people may do", "What one client can take"])
def test_what_people_may_set_reaches_the_services(title: str) -> None:
    chapter = SETTINGS.split(f"## {title}")[1].split("\n## ")[0]
    passed_on = {name for names in (EVERYONE, *PASSED_ON.values()) for name in names}
    # The launcher checks these, and adds the address of the stand-in to the first.
    passed_on |= {"SMELT_PRIVATE_PROVIDERS", "SMELT_PRIVATE_WEBHOOKS"}
    names = set(re.findall(r"^\* `(SMELT_\w+)`", chapter, re.MULTILINE))
    assert names
    assert names <= passed_on


@pytest.mark.parametrize("chapter", ["The client", "The stand-in provider"])
def test_the_other_settings_are_read_somewhere(chapter: str) -> None:
    text = SETTINGS.split(f"## {chapter}")[1].split("\n## ")[0]
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("client", "deploy")
        for path in (ROOT / folder).rglob("*.py")
    )
    names = re.findall(r"^\* `(SMELT_\w+)`", text, re.MULTILINE)
    assert names
    assert all(name in code for name in names)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", paper.read_text(encoding="utf-8")):
        assert (paper.parent / target).exists(), target


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_of_a_paper_is_longer_than_120_characters(paper: Path) -> None:
    lines = enumerate(paper.read_text(encoding="utf-8").splitlines(), start=1)
    assert not [number for number, line in lines if len(line) > LONGEST_LINE]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_paper_uses_a_phrase_that_we_avoid(paper: Path) -> None:
    """CONTRIBUTING.md, "Words", lists these phrases: they read like a translation."""
    text = " ".join(paper.read_text(encoding="utf-8").split())
    assert not AVOIDED.findall(text)


def test_no_code_uses_a_phrase_that_we_avoid() -> None:
    """The same phrases in messages, docstrings and comments, even if a line breaks within one."""
    folders = ("services", "gateway", "client", "deploy", "ops", "protos", "tests")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    found = []
    for path in sorted([*paths, ROOT / "Makefile", ROOT / "pyproject.toml"]):
        if path.suffix not in (".py", ".proto", ".lua", ".yaml", ".toml", "") or not path.is_file():
            continue
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        for quotation in QUOTED:
            text = text.replace(quotation, "")
        text = re.sub(r"\s*\n\s*(?:(?:#:?|//|--)\s*)?", " ", text)
        found += [f"{name}: {phrase}" for phrase in AVOIDED.findall(text)]
    assert not found, "\n".join(found)


def test_no_two_test_modules_outside_packages_share_a_name() -> None:
    """pytest knows them by their names alone, and one such pair ends a whole run."""
    loose = [p for p in (ROOT / "tests").rglob("test_*.py") if not (p.parent / "__init__.py").exists()]
    names = [path.name for path in loose]
    assert sorted(names) == sorted(set(names))


def test_what_the_readme_names_is_there() -> None:
    for name in re.findall(r"^\| `([a-z0-9/]+/)` \|", README, re.MULTILINE):
        assert (ROOT / name).is_dir(), name
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert set(re.findall(r"\bmake ([a-z]+)`", README + contributing)) <= targets


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert text.rstrip().endswith("limitations under the License.")
