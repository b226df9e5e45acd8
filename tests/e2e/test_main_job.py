"""The main job: a CSV goes in, a template runs over every row, the enriched CSV comes out."""

import csv
import hashlib
import io
import json
from collections.abc import Callable

import pytest
from python_calamine import CalamineWorkbook

from tests.e2e.api import Person, reason
from tests.support.provider import Provider, answer_for, authorization_sha256

LEADS = (
    "First Name,Company,Note\r\n"
    'Ada,"Löwe, Söhne & Co","likes ""quotes"""\r\n'
    "Grace,Harbour Lights,\r\n"
    '"Lin","Two\nLines",ok\r\n'
).encode()


def rows_of(content: bytes) -> list[list[str]]:
    """Parse a CSV strictly."""
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


@pytest.mark.promise("S34")
def test_every_row_comes_back_with_its_answer(new_person: Callable[[], Person], provider: Provider) -> None:
    person = new_person()
    key = person.add_key(provider.base_url)
    assert key["active"] is True
    assert key["hint"] == person.keys[0][-4:]
    file = person.file(LEADS)
    assert file["row_count"] == 3
    assert [column["name"] for column in file["columns"]] == ["First Name", "Company", "Note"]
    assert file["sha256"] == hashlib.sha256(LEADS).hexdigest()
    template = person.template("Write a hook for {{First Name}} at {{ company }}.")
    job = person.job(file, [template])
    assert job["state"] in ("PENDING", "RUNNING")
    done = person.finished(job)
    assert done["state"] == "COMPLETED"
    assert done["request_counts"] == {"total": 3, "succeeded": 3, "failed": 0, "skipped": 0}
    table = rows_of(person.results(job))
    assert table[0] == ["First Name", "Company", "Note", "Hook"]
    given = rows_of(LEADS)
    for before, after in zip(given[1:], table[1:], strict=True):
        assert after[:3] == before
        assert after[3] == answer_for(f"Write a hook for {before[0]} at {before[1]}.")
    seen = {call["authorization_sha256"] for call in provider.requests()}
    assert seen == {authorization_sha256(person.keys[0])}


def test_results_come_as_the_file_came_or_in_the_format_that_is_wanted(
    new_person: Callable[[], Person], provider: Provider
) -> None:
    person = new_person()
    person.add_key(provider.base_url)
    # As Excel writes it in Europe, with the blank rows that it leaves at the end.
    file = person.file("\ufeffName;Ort\r\nJürgen;Köln\r\n;\r\n;\r\n".encode())
    job = person.job(file, [person.template("Hello {{Name}}")])
    counts = person.finished(job)["request_counts"]
    assert counts == {"total": 3, "succeeded": 1, "failed": 0, "skipped": 2}
    assert len(provider.prompts()) == 1
    hook = answer_for("Hello Jürgen")
    assert person.results(job).startswith("\ufeffName;Ort;Hook\r\nJürgen;Köln;".encode())
    table = [["Name", "Ort", "Hook"], ["Jürgen", "Köln", hook], ["", "", ""], ["", "", ""]]
    path = f"/v1/{job['name']}/results:download"
    answer = person.call("GET", path, params={"format": "XLSX"})
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    assert int(answer.headers["content-length"]) == len(answer.content)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_name("Results")
    assert [[str(cell) for cell in row] for row in sheet.to_python()] == table[: len(sheet.to_python())]
    answer = person.call("GET", path, params={"format": "JSONL"})
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert lines == [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    chosen = {"delimiter": "\t", "byte_order_mark": "false", "line_end": "lf", "quoting": "all"}
    answer = person.call("GET", path, params=chosen)
    assert answer.headers["content-type"] == "text/tab-separated-values; charset=utf-8"
    assert answer.content.startswith('"Name"\t"Ort"\t"Hook"\n"Jürgen"\t"Köln"\t'.encode())
    assert person.call("GET", path, params={"format": "JSONL", "delimiter": ";"}).status_code == 400


@pytest.mark.promise("S31")
def test_the_original_comes_back_byte_for_byte(person: Person) -> None:
    file = person.file(LEADS)
    answer = person.call("GET", f"/v1/{file['name']}:download")
    assert answer.content == LEADS
    assert int(answer.headers["content-length"]) == len(LEADS)
    assert "leads.csv" in answer.headers["content-disposition"]


def test_a_download_that_broke_off_goes_on_by_range(person: Person) -> None:
    file = person.file(LEADS)
    path = f"/v1/{file['name']}:download"
    etag = person.call("GET", path).headers["etag"]
    answer = person.call("GET", path, headers={"range": "bytes=10-", "if-range": etag})
    assert (answer.status_code, answer.content) == (206, LEADS[10:])
    assert answer.headers["content-range"] == f"bytes 10-{len(LEADS) - 1}/{len(LEADS)}"
    assert int(answer.headers["content-length"]) == len(LEADS) - 10
    refused = person.call("GET", path, headers={"range": f"bytes={len(LEADS)}-"})
    assert refused.status_code == 416
    assert refused.headers["content-range"] == f"bytes */{len(LEADS)}"
    assert refused.json()["details"][0]["reason"] == "RANGE_NOT_SATISFIABLE"


def test_a_file_is_read_anew_and_profiled(person: Person) -> None:
    file = person.file(b"Name;E-Mail\nAda;ada@example.com\nGrace;ada@example.com\n")
    assert (file["delimiter"], file["parse"]) == (";", 1)
    again = person.ok("POST", f"/v1/{file['name']}:reparse", {"delimiter": ",", "encoding": "latin-1"})
    assert (again["delimiter"], again["encoding"], again["parse"]) == (",", "latin-1", 2)
    back = person.ok("POST", f"/v1/{file['name']}:reparse", {})
    assert (back["delimiter"], back["parse"]) == (";", 1)
    profile = person.ok("GET", f"/v1/{file['name']}/profile")
    assert profile["columns"][1]["type"] == "EMAIL"
    assert profile["columns"][1]["duplicate_count"] == 1
    assert profile["quality"]["band"] == "Excellent"


def test_how_long_files_are_kept_is_a_setting(person: Person) -> None:
    assert person.ok("PATCH", "/v1/fileSettings", {"retention_days": 9})["retention_days"] == 9
    assert person.ok("GET", "/v1/fileSettings")["retention_days"] == 9
    assert person.ok("PATCH", "/v1/fileSettings", {"retention_days": 0})["retention_days"] == 0


def test_a_browser_form_uploads_too(person: Person) -> None:
    answer = person.http.post(
        "/v1/files:upload",
        files={"file": ("form.csv", LEADS, "text/csv")},
        headers={"authorization": f"Bearer {person.token}"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["display_name"] == "form.csv"
    assert answer.json()["sha256"] == hashlib.sha256(LEADS).hexdigest()


def test_rows_can_be_read_by_range(person: Person) -> None:
    content = ("n\n" + "".join(f"{n}\n" for n in range(1, 2001))).encode()
    file = person.file(content)
    rows = person.ok("GET", f"/v1/{file['name']}/rows?first=1234&count=3")["rows"]
    assert rows == [{"number": n, "cells": [str(n)]} for n in (1234, 1235, 1236)]


def test_only_the_chosen_rows_run(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"%d\n" % n for n in range(1, 11)))
    job = person.job(file, [person.template("Say {{n}}")], first_row=4, last_row=6)
    done = person.finished(job)
    assert done["request_counts"]["total"] == 3
    assert rows_of(person.results(job))[1:] == [[str(n), answer_for(f"Say {n}")] for n in (4, 5, 6)]


def test_a_later_template_uses_an_earlier_answer(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"n\n1\n2\n")
    first = person.template("One {{n}}", output_column="First")
    second = person.template("Two {{First}}", output_column="Second")
    job = person.job(file, [first, second])
    assert person.finished(job)["state"] == "COMPLETED"
    table = rows_of(person.results(job))
    assert table[0] == ["n", "First", "Second"]
    assert [row[2] for row in table[1:]] == [answer_for(f"Two {row[1]}") for row in table[1:]]


def test_a_job_can_be_repeated_with_its_idempotency_key(person: Person, provider: Provider) -> None:
    person.add_key(provider.base_url)
    file = person.file(b"n\n1\n")
    body = {"file": file["name"], "templates": [person.template("Say {{n}}")["name"]]}
    headers = {"idempotency-key": "once-" + file["name"]}
    first = person.call("POST", "/v1/jobs", body, headers=headers)
    again = person.call("POST", "/v1/jobs", body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json()["name"] == again.json()["name"]
    person.finished(first.json())
    assert len(provider.prompts()) == 1
    other = person.call("POST", "/v1/jobs", body | {"first_row": 1}, headers=headers)
    assert (other.status_code, reason(other)) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_preview_renders_without_a_call(person: Person, provider: Provider) -> None:
    file = person.file(LEADS)
    template = person.template("Hello {{First Name}} of {{Company}}")
    shown = person.ok("POST", f"/v1/{template['name']}:preview", {"file": file["name"], "row_count": 1})
    assert shown["previews"] == [{"row": 1, "prompt": "Hello Ada of Löwe, Söhne & Co"}]
    assert provider.requests() == []


def test_logging_out_ends_the_session_at_once(new_person: Callable[[], Person]) -> None:
    person = new_person()
    assert person.ok("GET", "/v1/users/me")["email"] == person.email
    assert person.ok("DELETE", "/v1/sessions/current") == {}
    again = person.call("GET", "/v1/users/me")
    assert (again.status_code, reason(again)) == (401, "UNAUTHENTICATED")


def test_cancel_stops_a_job_and_keeps_what_is_done(person: Person, provider: Provider) -> None:
    provider.script(latency_ms=200)
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"%d\n" % n for n in range(500)))
    job = person.job(file, [person.template("Say {{n}}")], parallel_calls=2)
    provider.wait_for(4)
    cancelled = person.ok("POST", f"/v1/{job['name']}:cancel")
    assert cancelled["state"] == "CANCELLED"
    assert person.finished(job)["state"] == "CANCELLED"
    table = rows_of(person.results(job))
    assert len(table) == 501
    assert 1 <= sum(1 for row in table[1:] if row[1]) < 100
