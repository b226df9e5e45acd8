"""Templates are changed by options, or in an editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.client.conftest import Server, Smelt

pytestmark = pytest.mark.usefixtures("logged_in")
HOOK = {"name": "templates/t1", "display_name": "Hook", "prompt": "Hi {{Name}}"}


def test_only_what_is_given_is_changed(server: Server, smelt: Smelt) -> None:
    server.says(HOOK)
    arguments = ("--prompt", "Ho {{Name}}", "--forbidden", "synergy", "--reasoning-effort", "low")
    assert smelt("templates", "update", "templates/t1", *arguments)[0] == 0
    assert server.body() == {
        "prompt": "Ho {{Name}}",
        "forbidden_words": ["synergy"],
        "reasoning_effort": "low",
    }
    assert server.asked[0].url.params["update_mask"] == "prompt,forbidden_words,reasoning_effort"


def test_a_change_of_nothing_is_wrong_usage(server: Server, smelt: Smelt) -> None:
    assert (smelt("templates", "update", "templates/t1")[0], server.asked) == (2, [])


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An editor that a test writes; it gets the file's path as its only argument."""
    monkeypatch.setattr("smelt_client.cli.asking.at_a_terminal", lambda: True)
    path = tmp_path / "editor"
    path.write_text("#!/bin/sh\nprintf 'Ho {{Name}}\\n' > \"$1\"\n")
    path.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(path))
    return path


def test_a_prompt_is_edited_and_saved(server: Server, smelt: Smelt, editor: Path) -> None:
    server.says(HOOK).says(HOOK)
    assert smelt("templates", "edit", "templates/t1")[0] == 0
    assert (server.paths()[-1].partition("?")[0], server.body()) == (
        "PATCH /v1/templates/t1",
        {"prompt": "Ho {{Name}}"},
    )


@pytest.mark.parametrize("script", ["exit 1", "true"])
def test_an_editor_that_fails_or_changes_nothing_saves_nothing(
    server: Server, smelt: Smelt, editor: Path, script: str
) -> None:
    editor.write_text(f"#!/bin/sh\n{script}\n")
    server.says(HOOK)
    assert smelt("templates", "edit", "templates/t1")[0] == (1 if script == "exit 1" else 0)
    assert server.paths() == ["GET /v1/templates/t1"]


def test_an_editor_needs_a_terminal(server: Server, smelt: Smelt) -> None:
    assert (smelt("templates", "edit", "templates/t1")[0], server.asked) == (2, [])
