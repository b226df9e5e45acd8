"""The audit of pinned packages by a copy of the advisories: it finds what holds and never passes blindly."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests import audit
from tests.locked import Locked, locked

MILL = Locked("flour-mill", "2.0", "run")


def advisory(**affected: Any) -> dict[str, Any]:
    named = {"ecosystem": "PyPI", "name": "Flour.Mill"}
    return {"id": "PYSEC-1", "modified": "2026-01-02T00:00:00Z", "affected": [{"package": named, **affected}]}


def within(*events: dict[str, str]) -> dict[str, Any]:
    return advisory(ranges=[{"type": "ECOSYSTEM", "events": list(events)}])


@pytest.mark.parametrize(
    "found",
    [
        within({"introduced": "0"}),
        within({"introduced": "0"}, {"fixed": "2.0.1"}),
        within({"fixed": "2.0.1"}, {"introduced": "2.0"}),
        within({"introduced": "1.0"}, {"last_affected": "2.0"}),
        within({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0rc1"}, {"fixed": "2.1"}),
        advisory(versions=["1.9", "2.0.0"]),
        advisory(ranges=[{"type": "GIT", "events": [{"introduced": "0"}]}]),
    ],
)
def test_a_version_that_is_affected_is_found(found: dict[str, Any]) -> None:
    assert audit.concerns(found, MILL)


@pytest.mark.parametrize(
    "other",
    [
        within({"introduced": "0"}, {"fixed": "2.0"}),
        within({"introduced": "2.0.1"}),
        within({"introduced": "0"}, {"last_affected": "1.9"}),
        advisory(versions=["1.9", "20.0"]),
        {**within({"introduced": "0"}), "withdrawn": "2026-01-03T00:00:00Z"},
        {
            "id": "X",
            "affected": [{"package": {"ecosystem": "npm", "name": "flour-mill"}, "versions": ["2.0"]}],
        },
    ],
)
def test_what_does_not_concern_it_is_passed_over(other: dict[str, Any]) -> None:
    assert not audit.concerns(other, MILL)


def archive(folder: Path, *documents: dict[str, Any]) -> str:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as files:
        for number, document in enumerate(documents):
            files.writestr(f"{number}.json", json.dumps(document))
    return str(path)


def test_a_known_vulnerability_of_a_pinned_package_fails_the_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = locked()[0]
    bad = within({"introduced": "0"})
    bad["affected"][0]["package"]["name"] = package.name
    assert audit.main([archive(tmp_path, within({"introduced": "0"}), bad)]) == 1
    assert f"{package.name} {package.version}: PYSEC-1" in capsys.readouterr().out
    assert audit.main([archive(tmp_path, within({"introduced": "0"}))]) == 0


def test_a_file_that_cannot_answer_is_no_good_news(tmp_path: Path) -> None:
    assert audit.main([archive(tmp_path)]) == 2
    assert audit.main([str(tmp_path / "missing.zip")]) == 2
    (tmp_path / "none.zip").write_text("no archive")
    assert audit.main([str(tmp_path / "none.zip")]) == 2
    other = {"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "left-pad"}}]}
    assert audit.main([archive(tmp_path, other)]) == 2
    assert audit.main([]) == 2
