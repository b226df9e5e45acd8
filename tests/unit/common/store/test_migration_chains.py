"""Migrations of each database are one chain: two with the same parent stop every start."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
FOLDERS = sorted(ROOT.glob("services/*/*migrations/versions"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT).parent))
def test_migrations_follow_one_another(folder: Path) -> None:
    parents = {}
    for path in sorted(folder.glob("[0-9]*.py")):
        text = path.read_text(encoding="utf-8")
        named = dict(re.findall(r'^(revision|down_revision)(?:: [^=]+)? = "?(\w+)"?$', text, re.MULTILINE))
        assert path.name.startswith(named["revision"]), path.name
        assert named["revision"] not in parents, path.name
        parents[named["revision"]] = named.get("down_revision", "None")
    assert [*parents.values()] == ["None", *[*parents][:-1]]


def test_every_database_has_migrations() -> None:
    assert len(FOLDERS) == 5
