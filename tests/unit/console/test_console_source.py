"""The web console's own checks, and that it has words for what its people can meet."""

import json
import re
from pathlib import Path

import pytest

from deploy.console import run
from tests.unit.console.built import CONSOLE, need_build

ERRORS = CONSOLE.parent / "docs" / "errors.md"
REASONS = CONSOLE / "src" / "words" / "reasons.ts"
#: Only services, operators and programs meet these; their own message is shown where a person does after all.
NEVER_MET = re.compile(
    r"AUDIT_(?:ARCHIVE_DIFFERS|BUSY|DAMAGED|MONTH_KEPT)|CALLER_NOT_ALLOWED|DATA_KEY_\w+|DATA_EXPORT_STALE"
    r"|DOES_NOT_OPEN|GRANT_\w+|HEADERS_TOO_LARGE|LEDGER_DAMAGED|METHOD_NOT_ALLOWED|NOT_IMPLEMENTED"
    r"|PEPPER_NOT_FOUND|RELEASE_\w+|RESULT_STALE|ROTATION_\w+|UNSUPPORTED_MEDIA_TYPE|UPDATE_MASK_INVALID"
    r"|UPGRADE_REQUIRED|WRAPPING_KEY_EXHAUSTED|ACCOUNT_KEY_EXHAUSTED|RESTORE\w*|BACKUP\w*"
)


def reasons_of_answers() -> set[str]:
    answers = ERRORS.read_text(encoding="utf-8").split("## Reasons of answers")[1].split("\n## ")[0]
    return set(re.findall(r"^\* `([A-Z_]+)`", answers, re.MULTILINE))


def test_every_reason_that_a_person_can_meet_has_words() -> None:
    worded = set(re.findall(r"^  ([A-Z_]+):", REASONS.read_text(encoding="utf-8"), re.MULTILINE))
    lacking = {reason for reason in reasons_of_answers() - worded if not NEVER_MET.fullmatch(reason)}
    assert lacking == set()


def test_no_words_are_left_of_reasons_that_are_gone() -> None:
    worded = set(re.findall(r"^  ([A-Z_]+):", REASONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert worded - reasons_of_answers() == {"OFFLINE", "UPLOAD_BROKEN"}


def test_the_lock_has_a_hash_for_every_package_and_names_no_registry() -> None:
    text = (CONSOLE / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert "resolved" not in text
    assert "registry" not in text


def test_each_package_is_pinned_to_one_version() -> None:
    listed = json.loads((CONSOLE / "package.json").read_text(encoding="utf-8"))
    wanted = {**listed["dependencies"], **listed["devDependencies"]}
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_only_one_file_keeps_anything_in_the_browser() -> None:
    keeping = {
        path.relative_to(CONSOLE).as_posix()
        for folder in ("src", "public")
        for path in Path(CONSOLE / folder).rglob("*")
        if path.suffix in (".ts", ".tsx", ".js")
        and re.search(
            r"\b(?:localStorage|sessionStorage|indexedDB|document\.cookie)\b",
            path.read_text(encoding="utf-8"),
        )
        and not path.name.endswith((".test.ts", ".test.tsx"))
    }
    assert keeping == {"src/lib/store.ts", "public/console/theme.js"}


@pytest.mark.parametrize("script", ["lint", "test"])
def test_its_own_checks_pass(script: str) -> None:
    """Biome with the walls of the console, and vitest; types are checked by the build."""
    need_build()
    run("npm", "run", "--silent", script)
