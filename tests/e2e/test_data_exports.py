"""Exports: a ZIP of all that the person owns, nothing of others and no keys, whatever dies meanwhile."""

import csv
import hashlib
import io
import json
import os
import signal
import time
import zipfile
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from services.common.ids import new_id
from tests.e2e.api import PASSWORD, Person, reason
from tests.e2e.remains import LISTS, connect, pass_again, remains, wait_erased
from tests.e2e.test_leaving import account_of, leave
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider, answer_for
from tests.support.stack import Stack

FOLDERS = {
    "auth": "account",
    "vault": "vault",
    "keystore": "vault",
    "files": "files",
    "processor": "processor",
}


def begun(person: Person) -> str:
    name: str = person.ok("POST", "/v1/dataExports", {})["name"]
    return name


def ended(person: Person, name: str, *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """Wait for the end of an export, even while processes die."""
    deadline = time.monotonic() + seconds
    while True:
        answer = person.call("GET", f"/v1/{name}")
        if answer.status_code == 200 and answer.json()["state"] in ("COMPLETED", "FAILED"):
            found: dict[str, Any] = answer.json()
            return found
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def download(person: Person, name: str) -> httpx2.Response:
    return person.call("GET", f"/v1/{name}:download")


def archive(person: Person) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Export everything; return the export and the archive's entries."""
    export = ended(person, begun(person))
    assert export["state"] == "COMPLETED", export
    content = download(person, export["name"]).content
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        int(export["size_bytes"]),
        export["sha256"],
    )
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert len(names) == len(set(names))
        return export, {name: opened.read(name) for name in names}


@pytest.mark.promise("S57")
def test_an_export_holds_everything_of_ones_own_and_nothing_else(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    mine, theirs = new_id(), new_id()
    person, other = new_person(), new_person()
    secret = f"sk-mine-{new_id()}{new_id()}"
    token = ""
    for each, mark in ((other, theirs), (person, mine)):
        each.add_key(provider.base_url, secret if mark == mine else "")
        file = each.file(f"n\ncell-{mark}\n".encode(), f"file-{mark}.csv")
        job = each.job(file, [each.template(f"Say {{{{n}}}} {mark}", display_name=f"template-{mark}")])
        each.finished(job)
        body = {"display_name": f"token-{mark}", "scopes": ["read"]}
        token = each.ok("POST", "/v1/accessTokens", body)["token"]
    _, entries = archive(person)
    # Every existing row, by the same lists that another test compares with the schema.
    account = account_of(person)
    for service, lists in LISTS.items():
        with connect(stack, service) as connection:
            for table in lists:
                if table.path:
                    rows = json.loads(entries[f"{FOLDERS[service]}/{table.path}"])
                    picked = table.account_rows.replace(":account", "%(account)s")
                    query = f"SELECT count(*) FROM {table.name} WHERE {picked}".encode()
                    (count,) = connection.execute(query, {"account": account}).fetchone() or (0,)
                    # The archive lacks only what was written since, and mails that were sent.
                    sent = 3 if table.name == "mail" else 0
                    assert -sent <= count - len(rows) <= 3, (service, table.name)
                    assert all(row.keys() == set(table.exported) for row in rows)
    job_id, file_id = job["name"].removeprefix("jobs/"), file["name"].removeprefix("files/")
    assert entries[f"files/files/{file_id}/file-{mine}.csv"] == f"n\ncell-{mine}\n".encode()
    said = answer_for(f"Say cell-{mine} {mine}")
    results = [entries[name] for name in entries if name.startswith(f"files/results/{job_id}/")]
    assert [list(csv.reader(io.StringIO(text.decode())))[1] for text in results] == [[f"cell-{mine}", said]]
    (_, row) = csv.reader(io.StringIO(entries[f"processor/jobs/{job_id}/rows.csv"].decode()))
    assert row[-1] == said
    assert json.loads(entries[f"processor/jobs/{job_id}/snapshot.json"])["columns"] == ["n"]
    assert json.loads(entries["account/account.json"])[0]["email"] == person.email
    assert json.loads(entries["vault/api_keys.json"])[0]["hint"] == secret[-4:]
    whole = b"".join(content + name.encode() for name, content in entries.items())
    for word in (mine, f"template-{mine}", f"token-{mine}"):
        assert word.encode() in whole
    never = [theirs, other.email, account_of(other), secret, PASSWORD, person.token, token]
    assert [word for word in never if word.encode() in whole] == []


@pytest.mark.promise("S30")
@pytest.mark.promise("S57")
def test_an_archive_is_for_its_owner_and_for_a_day(new_person: Callable[[], Person], stack: Stack) -> None:
    person, other = new_person(), new_person()
    export, _ = archive(person)
    name = export["name"]
    missing = download(other, f"dataExports/{new_id()}")
    for answer in (download(other, name), other.call("GET", f"/v1/{name}")):
        assert (answer.status_code, reason(answer)) == (404, "DATA_EXPORT_NOT_FOUND")
        assert answer.text == missing.text
    body = {"display_name": "x", "scopes": ["write"]}
    script = Person(
        http=person.http, email=person.email, token=person.ok("POST", "/v1/accessTokens", body)["token"]
    )
    assert reason(download(script, name)) == "SCOPE_MISSING"
    assert reason(script.call("POST", "/v1/dataExports", {})) == "SCOPE_MISSING"
    for service, row, column in (("files", "name", "create_time"), ("auth", "id", "end_time")):
        with connect(stack, service) as connection:
            id_ = name if service == "files" else name.removeprefix("dataExports/")
            connection.execute(
                f"UPDATE data_export SET {column} = now() - interval '24 hours' WHERE {row} = %s".encode(),
                (id_,),
            )
    assert download(person, name).text == missing.text
    assert person.ok("GET", f"/v1/{name}")["state"] == "EXPIRED"


def test_a_second_request_gets_the_export_that_is_under_way(
    new_person: Callable[[], Person], stack: Stack
) -> None:
    person = new_person()
    pid = stack.pids["files"]
    os.kill(pid, signal.SIGSTOP)
    try:
        first = begun(person)
        assert begun(person) == first
        assert person.ok("GET", f"/v1/{first}")["state"] in ("PENDING", "RUNNING")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert ended(person, first)["state"] == "COMPLETED"
    assert begun(person) != first


@pytest.mark.parametrize("victim", first(1, ["files", "auth", "processor"]))
def test_an_export_is_finished_whatever_is_killed_meanwhile(
    new_person: Callable[[], Person], provider: Provider, stack: Stack, victim: str
) -> None:
    person = new_person()
    person.file(b"n\n" + b"some content\n" * 10_000)
    paused = stack.pids["processor" if victim == "auth" else victim]
    os.kill(paused, signal.SIGSTOP)
    pid = stack.pids[victim]
    try:
        name = begun(person)
        until(lambda: person.call("GET", f"/v1/{name}").json()["state"] == "RUNNING")
    finally:
        os.kill(pid, signal.SIGKILL)
        if paused != pid:
            os.kill(paused, signal.SIGCONT)
    export = ended(person, name)
    assert export["state"] == "COMPLETED"
    with zipfile.ZipFile(io.BytesIO(download(person, name).content)) as opened:
        assert opened.testzip() is None


@pytest.mark.long
@pytest.mark.promise("S13")
def test_leaving_ends_an_export_and_its_archive(new_person: Callable[[], Person], stack: Stack) -> None:
    person = new_person()
    account = account_of(person)
    finished, _ = archive(person)
    pid = stack.pids["processor"]
    os.kill(pid, signal.SIGSTOP)
    try:
        running = begun(person)
        assert leave(person).status_code == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    for name in (finished["name"], running):
        assert download(person, name).status_code == 401
    wait_erased(stack, account)
    # An archive that was being written when its owner left cannot be opened; the second pass removes it.
    assert set(remains(stack, account)) <= {"files.data_export"}
    pass_again(stack, account)
    assert remains(stack, account) == {}
