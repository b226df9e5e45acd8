"""A first run asks for what is missing; one that is refused leaves no copy of the file behind."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest
from smelt_client import Client
from smelt_client.cli import main

from tests.unit.client.conftest import Server, Smelt, job

FILE = {"name": "files/f1", "display_name": "leads.csv", "row_count": 1, "columns": [{"name": "First Name"}]}


class Terminal(io.StringIO):
    """What a person types, line by line."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def leads(tmp_path: Path) -> Path:
    path = tmp_path / "leads.csv"
    path.write_text("First Name\nAda\n")
    return path


@pytest.fixture
def typed(smelt: Smelt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Smelt:
    """A function that runs the command at a terminal: `typed(..., stdin="what is typed")`."""
    monkeypatch.setattr("smelt_client.cli.asking.at_a_terminal", lambda: True)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal(stdin))
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.mark.usefixtures("logged_in")
def test_a_first_run_at_a_terminal_asks_for_key_template_and_place(
    server: Server, typed: Smelt, leads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "sk-secret-0123456789")
    server.says({"api_keys": []}).says({"name": "apiKeys/k1"}, 201)
    server.says(FILE).says(FILE).says({"templates": []}).says({"name": "templates/t1"}, 201)
    server.says(job()).tells(job("FAILED"))
    lines = ["hooks.csv", "y", "https://llm.test/v1", "Write a hook for {{First Name}}.", "Hook", ""]
    code, _, err = typed("run", "leads.csv", stdin="\n".join(lines))
    assert code == 1
    assert "{{First Name}}" in err
    assert "sk-secret" not in err
    assert [path.partition("?")[0] for path in server.paths()] == [
        "GET /v1/apiKeys",
        "POST /v1/apiKeys",
        "POST /v1/files:upload",
        "GET /v1/files/f1",
        "GET /v1/templates",
        "POST /v1/templates",
        "POST /v1/jobs",
        "GET /v1/jobs/j1:watch",
    ]
    assert server.body(1) == {"secret": "sk-secret-0123456789", "base_url": "https://llm.test/v1"}
    assert server.body(5)["prompt"] == "Write a hook for {{First Name}}."


@pytest.mark.usefixtures("logged_in")
def test_a_template_of_ones_own_is_chosen_by_its_number(server: Server, typed: Smelt, leads: Path) -> None:
    server.says({"api_keys": [{"name": "apiKeys/k1", "active": True}]}).says(FILE).says(FILE)
    own = [{"name": f"templates/t{number}", "display_name": f"Hook {number}"} for number in (1, 2)]
    server.says({"templates": own}).says(job()).tells(job("FAILED"))
    typed("run", "leads.csv", "-o", "out.csv", stdin="7\n2\n")
    assert server.body(4)["templates"] == ["templates/t2"]


@pytest.mark.usefixtures("logged_in")
def test_who_leaves_at_a_question_leaves_no_copy_behind(server: Server, typed: Smelt, leads: Path) -> None:
    server.says({"api_keys": [{"name": "apiKeys/k1"}]}).says(FILE).says(FILE)
    server.says({"templates": [{"name": "templates/t1"}]}).says({})
    assert typed("run", "leads.csv", "-o", "out.csv", stdin="")[0] == 130
    assert server.paths()[-1] == "DELETE /v1/files/f1"


def test_a_person_without_a_login_is_taken_through_it(
    server: Server, typed: Smelt, leads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse battery staple")
    monkeypatch.setenv("SMELT_URL", "https://smelt.test")
    server.says({"email": "ada@example.com"}, 201)
    server.says({"session": {"name": "sessions/s1"}, "token": "session-token"}, 201)
    server.says({"access_token": {"name": "accessTokens/t1"}, "token": "smelt_pat_x"}, 201).says({})
    server.says({"api_keys": [{"name": "apiKeys/k1"}]}).says(FILE).says(job()).tells(job("FAILED"))
    lines = ["ada@example.com", "n", ""]
    typed("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv", stdin="\n".join(lines))
    assert [path.partition("?")[0] for path in server.paths()][:4] == [
        "POST /v1/users",
        "POST /v1/sessions",
        "POST /v1/accessTokens",
        "DELETE /v1/sessions/current",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("-o", "out.csv"), "-t"), (("-t", "templates/t1"), "-o")],
)
@pytest.mark.usefixtures("logged_in")
def test_a_script_is_told_what_is_missing(
    server: Server, smelt: Smelt, leads: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, err = smelt("run", "leads.csv", *arguments)
    assert (code, server.asked) == (2, [])
    assert said in err


@pytest.mark.parametrize("command", ["run", "estimate"])
@pytest.mark.usefixtures("logged_in")
def test_a_refused_job_leaves_no_copy_behind(server: Server, smelt: Smelt, leads: Path, command: str) -> None:
    server.says(FILE).refuses(400, "UNKNOWN_VARIABLE").says({})
    output = ("-o", "out.csv") if command == "run" else ()
    code, _, err = smelt(command, "leads.csv", "-t", "templates/t1", *output)
    assert (code, server.paths()[-1]) == (1, "DELETE /v1/files/f1")
    assert "nothing came of it" in err


@pytest.mark.usefixtures("logged_in")
def test_a_failure_of_the_server_leaves_the_file_for_the_job_that_may_have_begun(
    server: Server, smelt: Smelt, leads: Path, waits: list[float]
) -> None:
    server.says(FILE)
    for _ in range(3):
        server.says({}, 503)
    assert smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")[0] == 1
    assert not any(path.startswith("DELETE") for path in server.paths())


@pytest.mark.parametrize("option", [("--max-cost", "much"), ("--api-key", "apiKeys/none")])
@pytest.mark.usefixtures("logged_in")
def test_a_wrong_budget_or_key_is_refused_before_the_upload(
    server: Server, smelt: Smelt, leads: Path, option: tuple[str, str]
) -> None:
    server.refuses(404, "API_KEY_NOT_FOUND")
    assert smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv", *option)[0] in (1, 3)
    assert not any("upload" in path for path in server.paths())


@pytest.mark.usefixtures("logged_in")
def test_prompts_are_tried_on_a_file_of_this_machine_which_does_not_stay(
    server: Server, smelt: Smelt, leads: Path
) -> None:
    server.says(FILE).says({"previews": [{"row": 1, "prompt": "Hi Ada"}]}).says({})
    code, out, _ = smelt("templates", "preview", "templates/t1", "-f", "leads.csv")
    assert (code, out) == (0, "1\tHi Ada\n")
    assert server.paths()[-1] == "DELETE /v1/files/f1"
    server.says(FILE).refuses(400, "UNKNOWN_VARIABLE").says({})
    assert smelt("templates", "test", "templates/t1", "-f", "leads.csv")[0] == 1
    assert server.paths()[-1] == "DELETE /v1/files/f1"


@pytest.mark.usefixtures("logged_in")
def test_a_dash_is_standard_input_and_output(
    server: Server, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smelt_client.cli.common.Client", partial(Client, transport=server.transport))
    server.says(FILE).says(job()).tells(job("COMPLETED", 1))
    server.streams(b"First Name,Hook\n", b"Ada,Hi\n", content_length="23")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"First Name\nAda\n")))
    code = main(["run", "-", "-t", "templates/t1", "-o", "-"])
    written, said = capfdbinary.readouterr()
    assert (code, written) == (0, b"First Name,Hook\nAda,Hi\n")
    assert server.asked[0].content == b"First Name\nAda\n"
    assert b"1 succeeded" in said


@pytest.mark.usefixtures("logged_in")
def test_stdout_takes_the_file_or_json(server: Server, smelt: Smelt) -> None:
    assert (smelt("jobs", "download", "jobs/j1", "-o", "-", "--json")[0], server.asked) == (2, [])
