"""Names that are typed, lists that are cut, and calls that have no command of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from smelt_client.cli.names import completing
from smelt_client.cli.printing import short

from tests.unit.client.conftest import Server, Smelt, job

pytestmark = pytest.mark.usefixtures("logged_in")

ONE, TWO = "abcdefgh" + "2" * 18, "abcdefgz" + "3" * 18


def test_the_first_letters_of_an_id_are_enough(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": f"files/{ONE}"}, {"name": f"files/{TWO}"}]})
    server.says({"name": f"files/{ONE}", "display_name": "leads.csv"})
    code, out, _ = smelt("files", "show", "abcdefgh")
    assert (code, "leads.csv" in out) == (0, True)
    assert server.paths()[-1] == f"GET /v1/files/{ONE}"


def test_letters_that_several_ids_begin_with_are_refused(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": f"files/{ONE}"}, {"name": f"files/{TWO}"}]})
    code, _, err = smelt("files", "rm", "abcdefg", "--yes")
    assert (code, len(server.asked)) == (1, 1)
    assert ONE in err
    assert TWO in err


def test_letters_that_no_id_begins_with_are_not_found(server: Server, smelt: Smelt) -> None:
    server.says({"jobs": []})
    assert smelt("jobs", "show", "zzz")[0] == 3


def test_a_whole_name_is_not_looked_up(server: Server, smelt: Smelt) -> None:
    for text in (f"files/{ONE}", ONE):
        server.says({"name": f"files/{ONE}"})
        assert smelt("files", "show", text)[0] == 0
    assert server.paths() == [f"GET /v1/files/{ONE}"] * 2


def test_only_names_that_can_be_typed_are_shortened() -> None:
    assert short(f"jobs/{ONE}") == "abcdefgh"
    for name in (f"sessions/{ONE}", "libraryTemplates/opening-hook", "apiKeys/managed"):
        assert short(name) == name


def test_a_script_reads_whole_names_and_how_files_are_called(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": "files/f1", "display_name": "leads.csv"}]})
    server.says({"templates": [{"name": "templates/t1", "display_name": "Hook"}]})
    server.says({"jobs": [job("COMPLETED", 3, 1), job() | {"file": "files/gone"}]})
    _, out, _ = smelt("jobs", "list")
    first, second = (line.split("\t") for line in out.splitlines())
    assert (first[0], first[-2:], second[-2:]) == ("jobs/j1", ["leads.csv", "Hook"], ["deleted", "Hook"])


def test_lists_are_cut_and_chosen_from(server: Server, smelt: Smelt) -> None:
    jobs = {"jobs": [job("RUNNING"), job("COMPLETED", 3, 1), job("COMPLETED", 4)], "next_page_token": "n"}
    server.says({**jobs, "jobs": jobs["jobs"][1:]})
    fields = ("--fields", "name, state,request_counts.failed,error,no.such")
    code, out, _ = smelt("jobs", "list", "--state", "completed", "--limit", "1", *fields)
    assert (code, out) == (0, "jobs/j1\tCOMPLETED\t1\t\t\n")
    assert server.asked[0].url.params["filter"] == "state = COMPLETED"
    server.says(jobs)
    _, out, _ = smelt("jobs", "list", "--limit", "1", "--fields", "state", "--json")
    assert json.loads(out) == [{"state": "RUNNING"}]
    assert len(server.asked) == 2


def test_waiting_for_jobs_ends_with_the_first_that_went_wrong(server: Server, smelt: Smelt) -> None:
    server.tells(job("RUNNING"), job("COMPLETED", 4)).tells(job("COMPLETED", 3, 1)).tells(job("PAUSED"))
    code, out, err = smelt("jobs", "wait", "jobs/j1", "jobs/j2", "jobs/j3")
    assert (code, len(out.splitlines())) == (5, 3)
    assert "PAUSED" in err


def test_what_is_wrong_with_fields_and_further_facts_reach_the_terminal(server: Server, smelt: Smelt) -> None:
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ROWS_OUT_OF_RANGE",
            "metadata": {"row_count": "20", "file": "files/f1", "columns": "Name, City"},
        },
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "field_violations": [{"field": "first_row", "description": "must be at most 20"}],
        },
    ]
    server.says({"message": "The rows are not in the file", "details": details}, 400)
    code, _, err = smelt("estimate", "files/f1", "-t", "templates/t1", "--rows", "21-")
    assert code == 1
    assert "row count 20, columns Name, City, first_row must be at most 20 (ROWS_OUT_OF_RANGE" in err
    assert "files/f1" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("files", "rm", "files/f1"),
        ("jobs", "cancel", "jobs/j1"),
        ("jobs", "rm", "jobs/j1"),
        ("keys", "rm", "apiKeys/k1"),
        ("templates", "rm", "templates/t1"),
        ("webhooks", "rm", "webhooks/w1"),
    ],
)
def test_nothing_is_destroyed_where_nobody_can_be_asked(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    code, _, err = smelt(*arguments)
    assert (code, server.asked) == (2, [])
    assert "--yes" in err


def test_any_call_can_be_sent(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    server.says({"files": []}).says({"name": "templates/t1"}).says({}).refuses(404, "FILE_NOT_FOUND")
    code, out, _ = smelt("api", "get", "/v1/files", "--query", "page_size=5", "--query", "a=b c")
    assert (code, json.loads(out)) == (0, {"files": []})
    assert server.paths() == ["GET /v1/files?page_size=5&a=b+c"]
    (tmp_path / "body.json").write_text('{"display_name": "Hook"}')
    assert smelt("api", "POST", "/v1/templates", "-d", "@body.json")[0] == 0
    assert smelt("api", "POST", "/v1/templates", "-d", "-", stdin='{"prompt": "Hi"}')[0] == 0
    assert [server.body(place) for place in (1, 2)] == [{"display_name": "Hook"}, {"prompt": "Hi"}]
    code, out, err = smelt("api", "GET", "/v1/files/f1")
    assert (code, out, "FILE_NOT_FOUND" in err) == (3, "", True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("api", "GET", "https://elsewhere.test/"),
        ("api", "BREW", "/v1/files"),
        ("api", "POST", "/v1/files", "-d", "{"),
        ("api", "GET", "/v1/files", "--query", "page_size"),
    ],
)
def test_a_call_that_is_none_is_refused_here(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    assert (smelt(*arguments)[0], server.asked) == (2, [])


def test_a_shell_completes_names(server: Server, smelt: Smelt) -> None:
    server.says({"jobs": [{"name": f"jobs/{ONE}"}, {"name": f"jobs/{TWO}"}]})
    server.says({"templates": [{"name": "templates/t1", "display_name": "Opening hook"}]})
    assert completing("jobs")("abcdefgh") == ["abcdefgh"]
    assert completing("templates")("open") == ["Opening hook"]


def test_completion_says_nothing_of_failures(server: Server, smelt: Smelt) -> None:
    server.says({}, 503)
    assert completing("jobs")("a") == []
    assert len(server.asked) == 1
