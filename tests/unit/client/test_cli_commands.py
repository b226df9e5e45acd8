"""Keys, files, templates and jobs on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from smelt_client.cli import app
from smelt_client.printing import clean, error_line

from tests.unit.client.conftest import TOKEN, URL, Server, Smelt, job

SECRET = "sk-abcdefghijklmnopqrstuvwxyz"
KEY = {"name": "apiKeys/k1", "label": "mine", "hint": "wxyz", "base_url": "", "active": True}
TEMPLATE = {
    "name": "templates/t1",
    "display_name": "Opening hook",
    "category": "Personalization",
    "prompt": "Hi {{First Name}}\nBye",
    "output_column": "Hook",
    "temperature": 0.7,
}


@pytest.fixture(autouse=True)
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMELT_URL", URL)
    monkeypatch.setenv("SMELT_TOKEN", TOKEN)


def test_a_key_comes_from_stdin_and_is_shown_nowhere(server: Server, smelt: Smelt) -> None:
    server.says(KEY, 201)
    code, out, err = smelt(
        "keys",
        "add",
        "--label",
        "mine",
        "--base-url",
        "https://llm.test/v1",
        "--secret-stdin",
        stdin=f"{SECRET}\n",
    )
    assert code == 0
    assert server.body() == {"secret": SECRET, "label": "mine", "base_url": "https://llm.test/v1"}
    assert "wxyz" in out
    assert SECRET not in out + err


def test_a_key_as_an_argument_is_refused_and_not_repeated(server: Server, smelt: Smelt) -> None:
    for arguments in (("keys", "add", SECRET), ("keys", "add", "--secret", SECRET)):
        code, out, err = smelt(*arguments)
        assert code == 2
        assert SECRET not in out + err
    assert server.asked == []


def test_no_command_takes_a_secret_as_an_option_or_from_the_environment() -> None:
    secret_words = ("secret", "password", "token", "key")
    allowed = {"--password-stdin", "--secret-stdin", "--api-key", "--max-tokens"}

    def options(command: Any) -> list[str]:
        assert not [p for p in command.params if getattr(p, "envvar", None)]
        own = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
        return own + [name for inner in getattr(command, "commands", {}).values() for name in options(inner)]

    import typer.main

    found = options(typer.main.get_command(app))
    assert "--json" in found
    assert {name for name in found if any(word in name for word in secret_words)} == allowed


def test_keys_are_listed_as_lines_and_as_json(server: Server, smelt: Smelt) -> None:
    server.says({"api_keys": [KEY]}).says({"api_keys": [KEY]})
    assert smelt("keys", "list")[1] == "apiKeys/k1\tactive\tmine\twxyz\t\t\t\t\n"
    assert json.loads(smelt("keys", "list", "--json")[1]) == [KEY]


def test_the_uses_of_a_key_are_listed_over_all_pages(server: Server, smelt: Smelt) -> None:
    released = {"job": "jobs/j1", "outcome": "RELEASED", "reason": "", "count": 20}
    refused = {"job": "jobs/j1", "outcome": "REFUSED", "reason": "GRANT_EXPIRED", "count": 1}
    server.says({"uses": [released], "next_page_token": "t"}).says({"uses": [refused]})
    lines = smelt("keys", "uses", "k1")[1]
    assert lines == "\tjobs/j1\t20\treleased\t\n\tjobs/j1\t1\tGRANT_EXPIRED\t\n"
    assert server.paths() == ["GET /v1/apiKeys/k1/uses", "GET /v1/apiKeys/k1/uses?page_token=t"]


def test_a_list_of_keys_tells_their_last_test_and_use(server: Server, smelt: Smelt) -> None:
    times = {"last_tested_time": "2026-11-23T10:00:00Z", "last_used_time": "2026-11-24T10:00:00Z"}
    server.says({"api_keys": [{**KEY, "last_test_result": "NO_CREDITS", **times}]})
    *_, tested, used = smelt("keys", "list")[1].split("\t")
    assert tested.startswith("NO_CREDITS 2026-11-23")
    assert used.startswith("2026-11-24")


@pytest.mark.parametrize(
    ("result", "code"), [("VALID", 0), ("INVALID", 1), ("NO_CREDITS", 1), ("UNREACHABLE", 1)]
)
def test_trying_a_key_ends_with_0_only_when_it_is_valid(
    server: Server, smelt: Smelt, result: str, code: int
) -> None:
    said = {"name": "apiKeys/k1", "result": result, "message": "What the provider did", "test_time": None}
    server.says(said).says(said)
    assert smelt("keys", "test", "k1")[:2] == (
        code,
        f"name     apiKeys/k1\nresult   {result}\nmessage  What the provider did\n",
    )
    ended, out, err = smelt("keys", "test", "k1", "--model", "tiny", "--json")
    assert (ended, json.loads(out), err) == (code, said, "")
    assert server.paths() == ["POST /v1/apiKeys/k1:test"] * 2
    assert server.body() == {"model": "tiny"}


def test_what_is_not_found_ends_with_3(server: Server, smelt: Smelt) -> None:
    server.refuses(404, "API_KEY_NOT_FOUND", "API key not found", x_request_id="r-1")
    code, out, err = smelt("keys", "rm", "k9")
    assert (code, out, err) == (3, "", "error: API key not found (API_KEY_NOT_FOUND, r-1)\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("files", "list", "--nonsense"),
        ("nonsense",),
        ("files", "show", "../users/me"),
        ("files", "rows", "f1", "--first", "0"),
        ("files", "upload", "missing.csv"),
        ("files", "reparse", "f1", "--encoding", "cp1251"),
        ("files", "reparse", "f1", "--delimiter", "x"),
        ("files", "download", "f1", "-o", "no/such/folder/out.csv"),
        ("templates", "create", "--name", "x", "--output-column", "y"),
        ("jobs", "watch"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_sent(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    code, _, err = smelt(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert server.asked == []


def test_a_server_that_is_away_is_one_line(server: Server, smelt: Smelt, waits: list[float]) -> None:
    for _ in range(3):
        server.fails(httpx2.ConnectError("refused"))
    code, _, err = smelt("files", "list")
    assert (code, err) == (1, "error: cannot reach smelt.test: is the server running?\n")


def test_a_file_goes_up_and_its_rows_are_shown(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Name,Company\nAda,Acme\n")
    file = {"name": "files/f1", "display_name": "leads.csv", "row_count": 1, "columns": [{"name": "Name"}]}
    server.says(file, 201).says(file).says({"rows": [{"number": 1, "cells": ["Ada\tA", "Acme\nInc"]}]})
    assert "files/f1" in smelt("files", "upload", "leads.csv")[1]
    assert smelt("files", "rows", "files/f1")[1] == "1\tAda\\tA\tAcme\\nInc\n"


def test_how_to_read_a_file_is_sent_as_the_server_names_it(
    server: Server, smelt: Smelt, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_bytes(b"a\tb\n1\t2\n")
    server.says({"name": "files/f1"}, 201).says({"name": "files/f1", "delimiter": ";"})
    assert smelt("files", "upload", "leads.csv", "--encoding", "cp1252", "--delimiter", "tab")[0] == 0
    code, out, _ = smelt("files", "reparse", "f1", "--encoding", "ISO-8859-1", "--delimiter", ";")
    assert (code, "delimiter  ;" in out) == (0, True)
    upload, reparse = server.asked
    assert dict(upload.url.params) == {
        "filename": "leads.csv",
        "encoding": "windows-1252",
        "delimiter": "\t",
    }
    assert reparse.url.path == "/v1/files/f1:reparse"
    assert json.loads(reparse.content) == {"encoding": "latin-1", "delimiter": ";"}


def test_a_profile_is_shown_with_its_score(server: Server, smelt: Smelt) -> None:
    said = {
        "name": "files/f1/profile",
        "row_count": 4,
        "quality": {"score": 73, "band": "Good", "missing_columns_points": 13.333},
        "columns": [
            {
                "name": "E-Mail",
                "type": "EMAIL",
                "confidence": 0.9,
                "completeness": 0.75,
                "duplicate_count": 1,
                "samples": ["a@b.co"],
            },
            {"name": "Notes", "type": "COLUMN_TYPE_UNSPECIFIED", "completeness": 1},
        ],
    }
    server.says(said).says(said)
    code, out, _ = smelt("files", "profile", "f1")
    assert (code, server.paths()) == (0, ["GET /v1/files/f1/profile"])
    lines = out.splitlines()
    assert lines[0].split() == ["quality", "73", "(Good)"]
    assert "missing columns     -13.3" in lines
    assert lines[-2:] == ["E-Mail\temail\t0.9\t75%\t\t1\ta@b.co", "Notes\t\t\t100%\t\t\t"]
    assert json.loads(smelt("files", "profile", "f1", "--json")[1]) == said


def test_a_download_is_checked_against_the_file_s_digest(
    server: Server, smelt: Smelt, tmp_path: Path
) -> None:
    server.says({"name": "files/f1", "sha256": "00" * 32}).streams(b"content", content_length="7")
    code, _, err = smelt("files", "download", "f1", "-o", "out.csv")
    assert (code, list(tmp_path.glob("*.csv"))) == (1, [])
    assert "digest" in err


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


def test_jobs_are_shown_and_cancelled(server: Server, smelt: Smelt) -> None:
    server.says({"jobs": [job("COMPLETED", 3, 1)]}).says(job("CANCELLED", 1)).says(job())
    assert smelt("jobs", "list")[1].startswith("jobs/j1\tCOMPLETED\t4\t3\t1\t")
    assert json.loads(smelt("jobs", "cancel", "j1", "--json")[1])["state"] == "CANCELLED"
    assert "0/4 (0 succeeded, 0 failed)" in smelt("jobs", "show", "jobs/j1")[1]


def test_quiet_says_nothing_but_errors(server: Server, smelt: Smelt) -> None:
    server.says({}).refuses(404, "FILE_NOT_FOUND", "no such file")
    assert smelt("files", "rm", "f1", "--quiet") == (0, "", "")
    assert smelt("files", "rm", "f1", "-q") == (3, "", "error: no such file (FILE_NOT_FOUND)\n")


def test_what_comes_from_outside_does_not_steer_the_terminal(server: Server, smelt: Smelt) -> None:
    nasty = "a\x1b]0;title\x07b\x9b31mc\u202ed\re"
    server.says({"files": [{"name": "files/f1", "display_name": nasty}]})
    server.refuses(404, "X\x1b[2J", f"gone\nerror: {nasty}", x_request_id="r")
    _, out, _ = smelt("files", "list")
    _, _, err = smelt("files", "show", "f1")
    for text in (out, err):
        assert not set("\x1b\x07\x9b\u202e\r") & set(text)
    assert "a\\x1b]0;title\\x07b\\x9b31mc\\u202ed\\x0de" in out
    assert err.count("\n") == 1


def test_json_is_ascii_so_that_it_steers_nothing_either(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": "files/f1", "display_name": "\x9b31m\u202e\x1b"}]})
    _, out, _ = smelt("files", "list", "--json")
    assert out.isascii()
    assert "\x1b" not in out


def test_people_s_writing_is_left_alone() -> None:
    for text in ("Zoë 北京 👩‍💻 می‌خواهم", "a\u00a0b"):
        assert clean(text) == text
    assert clean("a\nb\tc", lines=True) == "a\nb\tc"
    assert error_line("two\nlines", "", "r-1") == "error: two lines (r-1)"


def test_the_command_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "smelt_client", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "smelt 0.1.0\n")


def test_the_help_of_every_command_names_no_secret_and_tells_of_the_stack_file(smelt: Smelt) -> None:
    code, out, _ = smelt("--help")
    assert code == 0
    assert "stack.json" in out
    assert TOKEN not in out
    for command in ("login", "run", "keys", "files", "templates", "jobs"):
        code, out, _ = smelt(command, "--help")
        assert (code, TOKEN in out) == (0, False)


def test_rows_are_listed_with_flags_and_found_by_them(server: Server, smelt: Smelt) -> None:
    row = {"number": 7, "state": "SUCCEEDED", "outputs": {"Hook": "Hi\x1b[2J"}, "confidence": 50}
    server.says({"rows": [row | {"flags": ["generic", "too_short"]}]})
    code, out, _ = smelt(
        "jobs", "rows", "j1", "--state", "succeeded", "--flag", "generic", "--flag", "too_short"
    )
    assert code == 0
    assert out == "7\tSUCCEEDED\t50\tgeneric, too_short\tHi\\x1b[2J\n"
    asked = server.asked[-1].url.params["filter"]
    assert asked == "state = SUCCEEDED AND flag = generic AND flag = too_short"


def test_a_test_of_templates_shows_each_step_and_fails_when_one_did(server: Server, smelt: Smelt) -> None:
    step = {"prompt": "Hi Ada", "outputs": {"Hook": "Hello"}, "flags": ["too_short"]}
    broken = {"prompt": "Go on", "error_reason": "PROVIDER_REJECTED", "error_message": "no\x1b"}
    server.says({"rows": [{"number": 3, "confidence": 50, "steps": [step, broken]}], "mocked": {"City": "x"}})
    arguments = ("--file", "f1", "--row", "3", "--mock", "City=x", "templates/t1", "templates/t2")
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


def test_an_estimate_says_when_a_price_is_unknown(server: Server, smelt: Smelt) -> None:
    told = {"row_count": 3, "request_count": 6, "unpriced_models": ["llama"], "prices_date": "2026-01-01"}
    server.says(told)
    code, out, _ = smelt("estimate", "files/f1", "-t", "templates/t1", "--rows", "2-4")
    assert code == 0
    assert server.paths() == ["POST /v1/jobs:estimate"]
    assert (server.body()["first_row"], server.body()["last_row"]) == (2, 4)
    assert "no price for llama" in out
    server.says(told | {"unpriced_models": [], "cost_low_usd": "0.01", "cost_high_usd": "0.05"})
    _, out, _ = smelt("estimate", "files/f1", "-t", "templates/t1")
    assert "0.01 to 0.05 US dollars" in out


def test_the_course_of_a_job_is_changed_by_its_name(server: Server, smelt: Smelt) -> None:
    for arguments, path in (
        (("pause", "j1"), "POST /v1/jobs/j1:pause"),
        (("resume", "j1", "--api-key", "k2"), "POST /v1/jobs/j1:resume"),
        (("retry-failed", "j1"), "POST /v1/jobs/j1:retryFailed"),
        (("regenerate", "j1", "7"), "POST /v1/jobs/j1:regenerate"),
    ):
        server.says(job("RUNNING"))
        assert smelt("jobs", *arguments)[0] == 0
        assert server.paths()[-1] == path
    assert server.body() == {"row": 7}
    assert server.body(1) == {"api_key": "apiKeys/k2"}


def test_a_download_takes_the_form_that_is_asked_for(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    server.says(job("COMPLETED")).streams(b"a,b\n", content_length="4")
    form = ("--only", "failed", "--with", "error", "--with", "flags", "--bom")
    code, _, _ = smelt("jobs", "download", "j1", "-o", str(target), *form)
    assert code == 0
    params = server.asked[-1].url.params
    assert params.get_list("columns") == ["error", "flags"]
    assert (params["rows"], params["byte_order_mark"]) == ("ONLY_FAILED", "true")
    assert smelt("jobs", "download", "j1", "-o", str(target), "--only", "some")[0] == 2


def test_the_meter_shows_days_and_models(server: Server, smelt: Smelt) -> None:
    part = {"used": 3, "input_tokens": "30", "output_tokens": "9"}
    days = [part | {"day": "2026-01-02", "cost_usd": "0.5"}]
    server.says(
        {
            "plan": "free",
            "used": "3",
            "limit": "250",
            "left": "247",
            "days": days,
            "models": [part | {"model": "m"}],
        }
    )
    code, out, _ = smelt("usage")
    assert code == 0
    for said in ("247 of 250", "3 used, 30 tokens in, 9 out, $0.5", "cost unknown"):
        assert said in out


def test_a_job_is_started_with_a_budget_and_not_waited_for(server: Server, smelt: Smelt) -> None:
    server.says(job("PENDING"), 201)
    arguments = ("files/f1", "-t", "templates/t1", "-o", "out.csv", "--max-cost", "1.50", "--no-wait")
    code, out, err = smelt("run", *arguments)
    assert code == 0
    assert server.body()["max_cost_usd"] == "1.50"
    assert out.startswith("jobs/")
    assert "smelt jobs watch" in err
