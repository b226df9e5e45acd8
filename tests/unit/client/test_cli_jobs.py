"""Jobs, estimates and the meter on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.client.conftest import Server, Smelt, job

pytestmark = pytest.mark.usefixtures("logged_in")


def test_jobs_are_shown_and_cancelled(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": "files/f1", "display_name": "leads.csv"}]}).says({"templates": []})
    server.says({"jobs": [job("COMPLETED", 3, 1)]}).says(job("CANCELLED", 1)).says(job())
    assert smelt("jobs", "list")[1].startswith("jobs/j1\tCOMPLETED\t4\t3\t1\t")
    assert json.loads(smelt("jobs", "cancel", "jobs/j1", "--yes", "--json")[1])["state"] == "CANCELLED"
    assert "0/4 (0 succeeded, 0 failed)" in smelt("jobs", "show", "jobs/j1")[1]


def test_rows_are_listed_with_flags_and_found_by_them(server: Server, smelt: Smelt) -> None:
    row = {"number": 7, "state": "SUCCEEDED", "outputs": {"Hook": "Hi\x1b[2J"}, "confidence": 50}
    server.says({"rows": [row | {"flags": ["generic", "too_short"]}]})
    code, out, _ = smelt(
        "jobs", "rows", "jobs/j1", "--state", "succeeded", "--flag", "generic", "--flag", "too_short"
    )
    assert code == 0
    assert out == "7\tSUCCEEDED\t50\tgeneric, too_short\tHi\\x1b[2J\n"
    asked = server.asked[-1].url.params["filter"]
    assert asked == "state = SUCCEEDED AND flag = generic AND flag = too_short"


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
        (("pause", "jobs/j1"), "POST /v1/jobs/j1:pause"),
        (("resume", "jobs/j1", "--api-key", "k2"), "POST /v1/jobs/j1:resume"),
        (("retry-failed", "jobs/j1"), "POST /v1/jobs/j1:retryFailed"),
        (("regenerate", "jobs/j1", "7"), "POST /v1/jobs/j1:regenerate"),
    ):
        server.says(job("RUNNING"))
        assert smelt("jobs", *arguments)[0] == 0
        assert server.paths()[-1] == path
    assert server.body() == {"row": 7}
    assert server.body(1) == {"api_key": "apiKeys/k2"}


def test_raw_answers_of_a_row_are_put_back_and_fixed_again(server: Server, smelt: Smelt) -> None:
    row = {
        "number": 7,
        "state": "SUCCEEDED",
        "attempts": 1,
        "outputs": {"Hook": "Sure! Hi"},
        "confidence": 50,
    }
    for more, body in (((), {"row": 7}), (("--fixed",), {"row": 7, "fixed": True})):
        server.says(row)
        code, out, _ = smelt("jobs", "restore", "jobs/j1", "7", *more)
        assert (code, "Sure! Hi" in out) == (0, True)
        assert (server.paths()[-1], server.body()) == ("POST /v1/jobs/j1:restoreAnswers", body)


def test_a_download_takes_the_form_that_is_asked_for(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    server.says(job("COMPLETED")).streams(b"a,b\n", content_length="4")
    form = ("--only", "failed", "--with", "error", "--with", "flags", "--bom")
    code, _, _ = smelt("jobs", "download", "jobs/j1", "-o", str(target), *form)
    assert code == 0
    params = server.asked[-1].url.params
    assert params.get_list("columns") == ["error", "flags"]
    assert (params["rows"], params["byte_order_mark"], "format" in params) == ("ONLY_FAILED", "true", False)
    assert smelt("jobs", "download", "jobs/j1", "-o", str(target), "--only", "some")[0] == 2


def test_a_job_is_deleted_when_it_was_confirmed(server: Server, smelt: Smelt) -> None:
    server.says({})
    assert smelt("jobs", "rm", "jobs/j1", "--yes")[0] == 0
    assert server.paths() == ["DELETE /v1/jobs/j1"]


def test_the_usual_number_of_calls_is_shown_and_changed(server: Server, smelt: Smelt) -> None:
    usual = {"name": "jobSettings", "parallel_calls": 0, "installation_parallel_calls": 5}
    server.says(usual).says({**usual, "parallel_calls": 40})
    assert "5 (the installation's default)" in smelt("jobs", "settings")[1]
    code, out, _ = smelt("jobs", "settings", "--parallel", "40")
    assert code == 0
    assert "40" in out
    assert server.body() == {"parallel_calls": 40}


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


def test_an_estimate_says_how_many_rows_are_blank_and_what_is_probably_not_meant(
    server: Server, smelt: Smelt
) -> None:
    told = {"row_count": 9, "request_count": 2, "prices_date": "2026-01-01", "blank_row_count": 7}
    server.says(told | {"warnings": ["The prompt of templates/t1 uses no column"]})
    _, out, err = smelt("estimate", "files/f1", "-t", "templates/t1", "--send-blank-rows")
    assert server.body()["send_blank_rows"] is True
    assert "7, which are skipped" in out
    assert "Warning: The prompt of templates/t1 uses no column" in err
    server.says(told | {"blank_rows_estimated": True})
    assert "about 7, which are skipped" in smelt("estimate", "files/f1", "-t", "templates/t1")[1]


def test_a_job_shows_its_skipped_rows(server: Server, smelt: Smelt) -> None:
    counts = {"total": 4, "succeeded": 1, "failed": 0, "skipped": 3}
    server.says(job("COMPLETED", 1, request_counts=counts))
    assert "4/4 (1 succeeded, 0 failed, 3 skipped as blank)" in smelt("jobs", "show", "jobs/j1")[1]


@pytest.mark.parametrize(
    ("name", "options", "params"),
    [
        ("out.csv", [], {}),
        ("out", [], {}),
        ("out.CSV", ["--no-bom"], {"byte_order_mark": "false"}),
        ("out.csv", ["--delimiter", "semicolon", "--bom"], {"delimiter": ";", "byte_order_mark": "true"}),
        ("out.csv", ["--line-end", "lf", "--quoting", "all"], {"line_end": "lf", "quoting": "all"}),
        ("out.tsv", [], {"delimiter": "\t"}),
        ("out.tsv", ["--delimiter", "|"], {"delimiter": "|"}),
        ("out.xlsx", [], {"format": "XLSX"}),
        ("out.jsonl", ["--raw"], {"format": "JSONL", "raw": "true"}),
        ("out.ndjson", [], {"format": "JSONL"}),
        ("out.csv", ["--format", "XLSX"], {"format": "XLSX"}),
        ("out.xlsx", ["--format", "csv"], {}),
    ],
)
def test_the_ending_decides_the_format_of_results_unless_it_is_said(
    server: Server, smelt: Smelt, tmp_path: Path, name: str, options: list[str], params: dict[str, str]
) -> None:
    server.says(job("COMPLETED")).streams(b"x", content_length="1")
    code, _, err = smelt("jobs", "download", "jobs/j1", "-o", str(tmp_path / name), *options)
    assert code == 0, err
    assert dict(server.asked[-1].url.params) == params


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("out.parquet", [], "use .csv, .xlsx or .jsonl"),
        ("out.xls", [], "use .csv, .xlsx or .jsonl"),
        ("out.xlsx", ["--delimiter", ";"], "are for CSV"),
        ("out.jsonl", ["--no-bom"], "are for CSV"),
        ("out.csv", ["--format", "parquet"], "--format must be csv, xlsx or jsonl"),
        ("out.csv", ["--delimiter", "x"], "is not supported"),
    ],
)
def test_forms_that_there_are_not_are_refused_before_anything_is_sent(
    server: Server, smelt: Smelt, tmp_path: Path, name: str, options: list[str], said: str
) -> None:
    for command in (["jobs", "download", "jobs/j1"], ["run", "files/f1", "-t", "templates/t1"]):
        code, _, err = smelt(*command, "-o", str(tmp_path / name), *options)
        assert code == 2
        assert said in " ".join(err.split())
    assert server.asked == []
