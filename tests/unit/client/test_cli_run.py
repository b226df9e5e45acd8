"""`smelt run` and `smelt jobs watch`: what they show, what they write, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from smelt_client.cli.common import WrongUsage
from smelt_client.cli.following import follow, line
from smelt_client.cli.printing import Output
from smelt_client.cli.run import parse_rows
from smelt_client.models import Job, parse

from tests.unit.client.conftest import TOKEN, URL, Body, Server, Smelt, job

FILE = {"name": "files/f1", "row_count": 4, "columns": [{"name": "Name"}]}
RESULT = b"Name,Hook\nAda,Hello\n"


@pytest.fixture(autouse=True)
def ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, waits: list[float]) -> None:
    monkeypatch.setenv("SMELT_URL", URL)
    monkeypatch.setenv("SMELT_TOKEN", TOKEN)
    (tmp_path / "leads.csv").write_text("Name\nAda\nBob\nEve\nJoe\n")


def run_of(server: Server, *seen: dict[str, object]) -> Server:
    return server.says(FILE, 201).says(job("PENDING"), 201).tells(*seen)


def test_a_run_ends_with_the_enriched_file(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    run_of(server, job("RUNNING", 1), job("COMPLETED", 4)).streams(RESULT, content_length=str(len(RESULT)))
    code, out, err = smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")
    assert (code, out) == (0, "")
    assert (tmp_path / "out.csv").read_bytes() == RESULT
    assert server.paths() == [
        "POST /v1/files:upload?filename=leads.csv",
        "POST /v1/jobs",
        "GET /v1/jobs/j1:watch",
        "GET /v1/jobs/j1/results:download",
    ]
    assert "jobs/j1 RUNNING: 1/4 rows, 1 succeeded, 0 failed, 2.5 rows/s, 3 s left" in err
    assert "Wrote out.csv" in err


def test_options_reach_the_job(server: Server, smelt: Smelt) -> None:
    server.says({"templates": [{"name": "templates/t7", "display_name": "Hook"}]}).says(job("PENDING"), 201)
    server.tells(job("COMPLETED", 4)).streams(RESULT, content_length=str(len(RESULT)))
    options = [
        "--send-blank-rows",
        "--name",
        "Spring",
        "--rows",
        "2-3",
        "--parallel",
        "50",
        "--api-key",
        "managed",
        "--json",
        "-q",
    ]
    code, out, err = smelt("run", "files/f1", "-t", "hook", "-t", "templates/t2", "-o", "out.csv", *options)
    assert (code, err) == (0, "")
    assert server.body(1) == {
        "file": "files/f1",
        "templates": ["templates/t7", "templates/t2"],
        "first_row": 2,
        "last_row": 3,
        "parallel_calls": 50,
        "send_blank_rows": True,
        "display_name": "Spring",
        "api_key": "apiKeys/managed",
    }
    assert json.loads(out) == {"job": job("COMPLETED", 4), "output": "out.csv"}


@pytest.mark.parametrize(
    ("reason", "more"), [("BUDGET", " --max-cost USD"), ("API_KEY_DELETED", " --api-key KEY"), ("USER", "")]
)
def test_a_paused_job_says_how_to_go_on(server: Server, smelt: Smelt, reason: str, more: str) -> None:
    run_of(server, job("PAUSED", 1, pause_reason=reason))
    code, _, err = smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")
    assert (code, f"To go on: smelt jobs resume jobs/j1{more}\n" in err) == (1, True)


def test_failed_rows_end_with_5_and_the_file_is_written(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    run_of(server, job("COMPLETED", 3, 1)).streams(RESULT, content_length=str(len(RESULT)))
    assert smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")[0] == 5
    assert (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (job("FAILED", 1, error={"reason": "FILE_DELETED", "message": "the file is gone"}), "FILE_DELETED"),
        (job("PAUSED", 1, pause_reason="PROVIDER_AUTH"), "PROVIDER_AUTH"),
        (job("CANCELLED", 1), "CANCELLED"),
    ],
)
def test_a_job_that_did_not_finish_leaves_the_old_file(
    server: Server, smelt: Smelt, tmp_path: Path, end: dict[str, object], said: str
) -> None:
    (tmp_path / "out.csv").write_text("old")
    run_of(server, job("RUNNING"), end)
    code, _, err = smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")
    assert (code, (tmp_path / "out.csv").read_text()) == (1, "old")
    assert said in err
    assert "smelt jobs download jobs/j1 -o out.csv" in err


def test_a_job_that_meets_only_rate_limits_waits_for_its_owner(server: Server, smelt: Smelt) -> None:
    server.tells(job("PAUSED", 1, pause_reason="PROVIDER_RATE_LIMIT"))
    _, out, _ = smelt("jobs", "watch", "jobs/j1")
    assert out.startswith("jobs/j1 PAUSED (PROVIDER_RATE_LIMIT): 1/4 rows, 1 succeeded, 0 failed")


def test_watching_as_json_is_a_line_for_each_change(server: Server, smelt: Smelt) -> None:
    server.tells(job("RUNNING", 1), job("COMPLETED", 3, 1))
    code, out, err = smelt("jobs", "watch", "jobs/j1", "--json")
    assert (code, err) == (5, "")
    assert [json.loads(text)["state"] for text in out.splitlines()] == ["RUNNING", "COMPLETED"]


def test_ctrl_c_leaves_the_job_and_says_how_to_watch_it(server: Server, smelt: Smelt) -> None:
    class Interrupted(Body):
        def __iter__(self) -> Iterator[bytes]:
            yield from super().__iter__()
            raise KeyboardInterrupt

    server.says(FILE, 201).says(job("PENDING"), 201)
    event = b"data: " + json.dumps(job("RUNNING", 1)).encode() + b"\n\n"
    headers = {"content-type": "text/event-stream"}
    server._answers.append(httpx2.Response(200, stream=Interrupted(event), headers=headers))
    code, _, err = smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv")
    assert code == 130
    assert "The job keeps running. Watch it: smelt jobs watch jobs/j1" in err
    assert not any(path.endswith(":cancel") for path in server.paths())


def test_a_lost_server_says_that_the_job_goes_on(server: Server, smelt: Smelt) -> None:
    server.tells(job("RUNNING", 1), breaks=True).refuses(401, "UNAUTHENTICATED", "the session has ended")
    code, _, err = smelt("jobs", "watch", "jobs/j1")
    assert code == 4
    assert "smelt jobs watch jobs/j1" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "missing.csv", "-t", "t1", "-o", "out.csv"),
        ("run", "leads.csv", "-o", "out.csv"),
        ("run", "leads.csv", "-t", "t1", "-o", "no/such/out.csv"),
        ("run", "leads.csv", "-t", "t1", "-o", "."),
        ("run", "leads.csv", "-t", "t1", "-o", "/dev/null"),
        ("run", "leads.csv", "-t", "t1", "-o", "out.csv", "--rows", "5-2"),
        ("run", "leads.csv", "-t", "t1", "-o", "out.csv", "--parallel", "0"),
        ("run", "leads.csv", "-t", "t1", "-o", "out.csv", "--api-key", "sk-abcdefghijklmnop"),
    ],
)
def test_a_mistake_is_found_before_anything_is_paid_for(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    code, _, err = smelt(*arguments)
    assert (code, server.asked) == (2, [])
    assert "sk-abc" not in err


@pytest.mark.parametrize(
    ("text", "rows"),
    [("1-20", (1, 20)), ("7", (7, 7)), ("5-", (5, None)), ("-5", (None, 5)), (" 2-2 ", (2, 2))],
)
def test_rows_are_given_as_a_range(text: str, rows: tuple[int | None, int | None]) -> None:
    assert parse_rows(text) == rows


@pytest.mark.parametrize("text", ["", "-", "0-5", "5-2", "a-b", "1-2-3", "1,5", "99999999999", "0", "٣-٤"])
def test_rows_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_rows(text)


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out = Output(as_json=False, quiet=False)
    out.messages.width = 80
    seen = [parse(Job, job("RUNNING", 1)), parse(Job, job("COMPLETED", 4))]
    assert follow(out, iter(seen), "jobs/j1").state == "COMPLETED"
    shown = capsys.readouterr().err
    assert "100 %" in shown
    assert "4 ok, 0 failed" in shown
    assert "━━━━━━━━" in shown


def test_the_line_of_a_job_steers_nothing() -> None:
    told = line(parse(Job, job("PAUSED", pause_reason="\x1b[2J", eta_seconds=3700, rows_per_second=1.0)))
    assert told == "jobs/j1 PAUSED (\\x1b[2J): 0/4 rows, 0 succeeded, 0 failed, 1.0 rows/s, 1 h 1 min left"
