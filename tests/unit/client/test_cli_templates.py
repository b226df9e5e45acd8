"""Templates, the library and variables on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.client.conftest import Server, Smelt

TEMPLATE = {
    "name": "templates/t1",
    "display_name": "Opening hook",
    "category": "Personalization",
    "prompt": "Hi {{First Name}}\nBye",
    "output_column": "Hook",
    "temperature": 0.7,
}


pytestmark = pytest.mark.usefixtures("logged_in")


def test_a_template_is_made_from_options(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("Hi {{First Name}}\nBye")
    server.says(TEMPLATE, 201)
    arguments = ["--name", "Opening hook", "--output-column", "Hook", "--prompt-file", "prompt.txt"]
    code, out, _ = smelt("templates", "create", *arguments, "--temperature", "0", "--max-tokens", "50")
    assert code == 0
    assert server.body() == {
        "display_name": "Opening hook",
        "category": "Personalization",
        "prompt": "Hi {{First Name}}\nBye",
        "output_column": "Hook",
        "temperature": 0.0,
        "max_tokens": 50,
    }
    assert "Hi {{First Name}}\n               Bye" in out


@pytest.mark.parametrize("text", ["t1", "Opening hook", "opening HOOK", "templates/t1"])
def test_a_template_is_found_by_any_of_its_names(server: Server, smelt: Smelt, text: str) -> None:
    if not text.startswith("templates/"):
        server.says({"templates": [{"name": "templates/t0", "display_name": "Other"}, TEMPLATE]})
    server.says(TEMPLATE)
    assert smelt("templates", "show", text)[0] == 0
    assert server.paths()[-1] == "GET /v1/templates/t1"


def test_a_name_that_several_templates_have_is_not_guessed(server: Server, smelt: Smelt) -> None:
    server.says({"templates": [TEMPLATE, {**TEMPLATE, "name": "templates/t2"}]})
    code, _, err = smelt("templates", "rm", "Opening hook")
    assert code == 1
    assert "templates/t1, templates/t2" in err


def test_a_template_that_is_not_there_ends_with_3(server: Server, smelt: Smelt) -> None:
    server.says({"templates": []})
    assert smelt("templates", "show", "nothing")[0] == 3


def test_a_test_of_templates_shows_each_step_and_fails_when_one_did(server: Server, smelt: Smelt) -> None:
    step = {"prompt": "Hi Ada", "outputs": {"Hook": "Hello"}, "flags": ["too_short"]}
    broken = {"prompt": "Go on", "error_reason": "PROVIDER_REJECTED", "error_message": "no\x1b"}
    server.says({"rows": [{"number": 3, "confidence": 50, "steps": [step, broken]}], "mocked": {"City": "x"}})
    arguments = ("--file", "files/f1", "--row", "3", "--mock", "City=x", "templates/t1", "templates/t2")
    code, out, err = smelt("templates", "test", *arguments)
    assert code == 1
    assert server.body() == {
        "templates": ["templates/t1", "templates/t2"],
        "file": "files/f1",
        "first_row": 3,
        "row_count": 1,
        "mock_values": {"City": "x"},
    }
    assert "City=x" in err
    for said in ("Row 3, confidence 50", "Hook: Hello", "flags: too_short", "no\\x1b (PROVIDER_REJECTED)"):
        assert said in out


def test_a_template_of_the_library_is_copied(server: Server, smelt: Smelt) -> None:
    server.says(TEMPLATE)
    code, out, _ = smelt("templates", "duplicate", "libraryTemplates/cold-email", "--name", "Mine")
    assert code == 0
    assert server.paths() == ["POST /v1/libraryTemplates/cold-email:duplicate"]
    assert server.body() == {"display_name": "Mine"}
    assert "templates/t1" in out


def test_a_variable_is_stored_or_changed_by_its_key(server: Server, smelt: Smelt) -> None:
    known = {"name": "variables/v1", "display_name": "Sender", "value": "Ada"}
    server.says({"variables": [known]}).says(known | {"value": "Grace"})
    assert smelt("vars", "set", "$sender", "Grace")[0] == 0
    assert server.paths() == ["GET /v1/variables", "PATCH /v1/variables/v1"]
    server.says({"variables": [known]}).says(known, 201)
    assert smelt("vars", "set", "Offer", "CRM")[0] == 0
    assert server.paths()[-1] == "POST /v1/variables"
    server.says({"variables": []})
    assert smelt("vars", "rm", "Nobody")[0] == 3


def test_a_prompt_that_is_not_saved_is_previewed_with_mock_values(server: Server, smelt: Smelt) -> None:
    server.says({"previews": [{"row": 1, "prompt": "Hi Ada, short"}]})
    arguments = ("-f", "files/f1", "--prompt", "Hi {{Name}}, {{Tone}}", "--mock", "Tone=short")
    code, out, _ = smelt("templates", "preview", *arguments)
    assert (code, out) == (0, "1\tHi Ada, short\n")
    assert server.paths() == ["POST /v1/templates:preview"]
    assert server.body()["template"] == {"prompt": "Hi {{Name}}, {{Tone}}"}
    assert server.body()["mock_values"] == {"Tone": "short"}


def test_a_prompt_that_is_not_saved_is_tested_last(server: Server, smelt: Smelt) -> None:
    step = {"template": "", "number": 2, "prompt": "Hi Ada", "outputs": {"Answer": "Hello"}}
    server.says({"rows": [{"number": 1, "confidence": 100, "steps": [step]}]})
    code, out, _ = smelt("templates", "test", "templates/t1", "-f", "files/f1", "--prompt", "Hi {{Name}}")
    assert (code, "Step 2: Hi Ada" in out) == (0, True)
    assert server.body()["templates"] == ["templates/t1"]
    assert server.body()["template"] == {"prompt": "Hi {{Name}}", "output_column": "Answer"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("test", "-f", "files/f1"),
        ("preview", "-f", "files/f1"),
        ("preview", "templates/t1", "-f", "files/f1", "--prompt", "Hi"),
    ],
)
def test_a_trial_needs_a_template_or_a_prompt(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    assert (smelt("templates", *arguments)[0], server.asked) == (2, [])
