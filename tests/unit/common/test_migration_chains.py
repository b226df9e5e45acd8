"""The migrations of each service are one chain, so that any database has one way to the newest."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SERVICES = sorted(path.parents[1].name for path in ROOT.glob("services/*/migrations/versions"))


@pytest.mark.parametrize("service", SERVICES)
def test_each_migration_follows_the_one_before(service: str) -> None:
    files = sorted((ROOT / "services" / service / "migrations" / "versions").glob("[0-9]*.py"))
    chain = []
    for file in files:
        text = file.read_text()
        (revision,) = re.findall(r'^revision = "(\d{4})"', text, re.MULTILINE)
        assert file.name.startswith(f"{revision}_")
        chain.append((revision, *re.findall(r'^down_revision = "(\d{4})"', text, re.MULTILINE)))
    revisions = [revision for revision, *_ in chain]
    assert revisions == [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [before for _, *before in chain] == [[], *([revision] for revision in revisions[:-1])]
