"""People's files over REST: their names, their pages, their deletion, and a bad disk."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest

from services.common.sealing import sealed_size
from tests.e2e.api import Person, reason, tls
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider
from tests.support.stack import Stack

CSV = b"n\n1\n2\n"
#: Several times as many unread downloads as once stopped all others.
UNREAD = 16


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\leads\\march.csv", "march.csv"),
        ('a"b\r\nSet-Cookie: x=y;.csv', 'a"bSet-Cookie: x=y;.csv'),
        ("\u202evsc.exe", "vsc.exe"),
        ("Größe 名前.csv", "Größe 名前.csv"),
    ],
)
def test_a_name_is_shown_and_sent_without_what_misleads(person: Person, given: str, shown: str) -> None:
    answer = person.call(
        "POST",
        "/v1/files:upload",
        params={"filename": given},
        content=CSV,
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert file["display_name"] == shown
    sent = person.call("GET", f"/v1/{file['name']}:download")
    assert (sent.status_code, sent.content) == (200, CSV)
    assert "set-cookie" not in sent.headers
    header = sent.headers["content-disposition"]
    assert header.isascii()
    assert header.startswith("attachment; filename=")


def test_files_come_in_pages_and_cost_no_usage(new_person: Callable[[], Person]) -> None:
    person = new_person()
    before = person.ok("GET", "/v1/usage")
    made = [person.file(CSV, f"{n}.csv")["name"] for n in range(5)]
    assert person.ok("GET", "/v1/usage")["used"] == before["used"] == "0"
    seen: list[str] = []
    token = ""
    for size in (2, 2, 1):
        page = person.ok("GET", f"/v1/files?page_size=2&page_token={token}")
        assert len(page["files"]) == size
        seen += [file["name"] for file in page["files"]]
        token = page.get("next_page_token", "")
    assert not token
    assert sorted(seen) == sorted(made)


def test_a_finished_job_keeps_its_results_when_its_file_is_deleted(
    person: Person, provider: Provider
) -> None:
    person.add_key(provider.base_url)
    file = person.file(CSV)
    job = person.job(file, [person.template("Say {{n}}")])
    assert person.finished(job)["state"] == "COMPLETED"
    result = person.results(job)
    person.ok("DELETE", f"/v1/{file['name']}")
    for path in (file["name"], f"{file['name']}:download", f"{file['name']}/rows", f"{file['name']}/profile"):
        assert reason(person.call("GET", f"/v1/{path}")) == "FILE_NOT_FOUND"
    assert file["name"] not in {each["name"] for each in person.ok("GET", "/v1/files")["files"]}
    assert person.results(job) == result


def test_a_running_job_whose_file_is_deleted_fails_and_keeps_what_it_has(
    person: Person, provider: Provider
) -> None:
    person.add_key(provider.base_url)
    provider.script(latency_ms=200, record=False)
    file = person.file(b"n\n" + b"".join(b"%d\n" % n for n in range(1500)))
    job = person.job(file, [person.template("Say {{n}}")], parallel_calls=20)
    until(lambda: int(person.ok("GET", f"/v1/{job['name']}")["request_counts"]["succeeded"]) > 0)
    person.ok("DELETE", f"/v1/{file['name']}")
    ended = person.finished(job)
    assert (ended["state"], ended["error"]["reason"]) == ("FAILED", "FILE_DELETED")
    rows = person.results(job).splitlines()[1:]
    assert len(rows) == 1500
    assert sum(1 for row in rows if row.rpartition(b",")[2]) == int(ended["request_counts"]["succeeded"])


@pytest.mark.promise("S31")
def test_bytes_that_the_disk_has_changed_are_not_served(
    person: Person, provider: Provider, stack: Stack
) -> None:
    content = b"n\n" + b"".join(b"%080d\n" % n for n in range(40_000))
    file = person.file(content)
    (stored,) = (
        path
        for path in (stack.state_dir / "s3" / "objects").rglob("*")
        if path.is_file() and path.stat().st_size == sealed_size(len(content))
    )
    with stored.open("r+b") as changed:
        changed.seek(2_000_000)
        byte = changed.read(1)[0]
        changed.seek(2_000_000)
        changed.write(bytes([byte ^ 1]))
    came = bytearray()
    headers = {"authorization": f"Bearer {person.token}"}
    with (
        pytest.raises(httpx2.TransportError),
        person.http.stream("GET", f"/v1/{file['name']}:download", headers=headers) as answer,
    ):
        for piece in answer.iter_raw():
            came += piece
    assert len(came) < 2_000_000
    assert content.startswith(bytes(came))
    damaged = person.call("GET", f"/v1/{file['name']}/rows?first=24800&count=1")
    assert reason(damaged) == "FILE_DAMAGED"
    assert person.ok("GET", f"/v1/{file['name']}/rows?first=1&count=1")["rows"][0]["cells"] == ["0" * 80]
    person.add_key(provider.base_url)
    job = person.job(file, [person.template("Say {{n}}")], first_row=24_800, last_row=24_900)
    ended = person.finished(job)
    assert (ended["state"], ended["error"]["reason"]) == ("FAILED", "FILE_DAMAGED")
    assert provider.requests() == []


def test_downloads_that_nobody_reads_keep_nobody_waiting(person: Person, stack: Stack) -> None:
    cell = os.urandom(16_000).hex().encode()
    large = person.file(b"n\n" + b"".join(b"%d%s\n" % (n, cell) for n in range(1000)))
    small = person.file(CSV)
    headers = {"authorization": f"Bearer {person.token}"}
    kept: list[Iterator[bytes]] = []
    with ExitStack() as held:
        for _ in range(UNREAD):
            http = held.enter_context(
                httpx2.Client(
                    base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS, trust_env=False
                )
            )
            answer = held.enter_context(http.stream("GET", f"/v1/{large['name']}:download", headers=headers))
            # Kept in a list, because an unreferenced generator closes the connection.
            pieces = answer.iter_raw(1024)
            kept.append(pieces)
            next(pieces)
            assert person.call("GET", f"/v1/{small['name']}:download").content == CSV
