"""Errors, retries, broken downloads, and watching across broken connections."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import httpx2
import pytest
import smelt_client as sdk
from smelt_client import AsyncClient, Client
from smelt_client.retries import retry_after_seconds
from smelt_client.transfers import announced_sha256

from tests.unit.client.conftest import TOKEN, URL, Server, job


@pytest.fixture
def client(server: Server, waits: list[float]) -> Client:
    return Client(URL, TOKEN, transport=server.transport)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, sdk.InvalidRequest),
        (401, sdk.NotLoggedIn),
        (403, sdk.Refused),
        (404, sdk.NotFound),
        (409, sdk.Conflict),
        (413, sdk.TooLarge),
        (415, sdk.InvalidRequest),
        (429, sdk.RateLimited),
        (500, sdk.ServerFailed),
    ],
)
def test_each_status_is_an_error_of_its_kind(
    server: Server, client: Client, status: int, kind: type[sdk.ApiError]
) -> None:
    server.refuses(status, "SOME_REASON", "No such file", x_request_id="r-1", retry_after="612")
    with pytest.raises(kind) as raised:
        client.files.get("f1")
    error = raised.value
    assert (error.reason, error.message, error.status, error.request_id) == (
        "SOME_REASON",
        "No such file",
        status,
        "r-1",
    )
    assert error.metadata == {"file": "files/1"}
    assert error.retry_after_seconds == 612
    assert str(error) == "No such file"


@pytest.mark.parametrize("body", [[], "text", {"message": 5, "details": "x"}, {"details": [1, None]}, None])
def test_an_error_of_any_shape_is_still_an_error(server: Server, client: Client, body: Any) -> None:
    server.says(body, 404)
    with pytest.raises(sdk.NotFound) as raised:
        client.files.get("f1")
    assert raised.value.reason == "HTTP_404"


def test_reading_is_repeated_twice(server: Server, client: Client, waits: list[float]) -> None:
    server.says({}, 503).fails(httpx2.ReadError("gone")).says({"name": "files/f1"})
    assert client.files.get("f1").name == "files/f1"
    assert len(waits) == 2
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_the_third_failure_stands(server: Server, client: Client) -> None:
    for _ in range(3):
        server.says({}, 502)
    with pytest.raises(sdk.ServerFailed):
        client.files.get("f1")
    assert len(server.asked) == 3


def test_retry_after_is_obeyed(server: Server, client: Client, waits: list[float]) -> None:
    server.refuses(429, "RATE_LIMITED", retry_after="7").says({"name": "files/f1"})
    client.files.get("f1")
    assert waits == [7.0]


def test_nobody_is_kept_waiting_for_minutes(server: Server, client: Client, waits: list[float]) -> None:
    server.refuses(429, "RATE_LIMITED", retry_after="612")
    with pytest.raises(sdk.RateLimited):
        client.files.get("f1")
    assert waits == []


def test_a_repeated_post_keeps_its_idempotency_key(server: Server, client: Client) -> None:
    server.fails(httpx2.ReadTimeout("late")).says(job("PENDING"), 201)
    client.jobs.create("f1", ["t1"])
    keys = {request.headers["idempotency-key"] for request in server.asked}
    assert len(server.asked) == 2
    assert len(keys) == 1


def test_a_login_is_sent_once(server: Server, client: Client) -> None:
    server.says({}, 503)
    with pytest.raises(sdk.ServerFailed):
        client.sessions.create("ada@example.com", "correct horse battery")
    server.fails(httpx2.ReadError("gone"))
    with pytest.raises(sdk.ConnectionFailed):
        client.sessions.create("ada@example.com", "correct horse battery")
    assert len(server.asked) == 2


def test_a_login_that_never_left_is_sent_again(server: Server, client: Client) -> None:
    server.fails(httpx2.ConnectError("refused")).says({"token": "t"})
    assert client.sessions.create("ada@example.com", "correct horse battery").token == "t"


def test_a_deletion_whose_answer_was_lost_has_happened(server: Server, client: Client) -> None:
    server.fails(httpx2.ReadError("gone")).refuses(404, "FILE_NOT_FOUND")
    client.files.delete("f1")
    server.refuses(404, "FILE_NOT_FOUND")
    with pytest.raises(sdk.NotFound):
        client.files.delete("f1")


def test_no_error_shows_a_secret(server: Server, client: Client) -> None:
    password = "correct horse battery"
    server.fails(httpx2.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"))
    with pytest.raises(sdk.ConnectionFailed) as raised:
        client.sessions.create("ada@example.com", password)
    shown = f"{raised.value!r} {raised.value} {raised.value.__cause__!r}"
    assert TOKEN not in shown
    assert password not in shown


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_seconds({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert (retry_after_seconds({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}) or 0) > 1e9
    assert retry_after_seconds({"retry-after": "soon"}) is None
    assert retry_after_seconds({}) is None


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_a_download_takes_its_place_when_it_is_whole(server: Server, client: Client, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    server.streams(b"new ", b"content", content_length="11", repr_digest=digest(b"new content"))
    assert client.files.download("f1", target) == 11
    assert target.read_bytes() == b"new content"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert server.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "headers",
    [
        {"content_length": "99"},
        {"content_length": "11", "repr_digest": digest(b"other bytes")},
        {"content_length": "11", "x_content_sha256": "00" * 32},
        {},
    ],
)
def test_a_download_that_is_not_whole_leaves_the_old_file(
    server: Server, client: Client, tmp_path: Path, headers: dict[str, Any]
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    server.streams(b"new content", **headers)
    with pytest.raises(sdk.TransferDamaged):
        client.jobs.download("j1", target)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_download_that_breaks_begins_again(server: Server, client: Client, tmp_path: Path) -> None:
    server.streams(b"new ", breaks=True, content_length="11").streams(b"new content", content_length="11")
    client.files.download("f1", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == b"new content"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


async def test_an_asynchronous_download_is_checked_too(
    server: Server, waits: list[float], tmp_path: Path
) -> None:
    server.streams(b"whole", content_length="5").streams(b"half", content_length="8")
    server.refuses(404, "JOB_NOT_FOUND")
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        assert await client.jobs.download("j1", tmp_path / "a.csv") == 5
        with pytest.raises(sdk.TransferDamaged):
            await client.files.download("f1", tmp_path / "b.csv")
        with pytest.raises(sdk.NotFound):
            await client.jobs.download("j2", tmp_path / "c.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_digest_is_found_among_others() -> None:
    headers = {"repr-digest": f"sha-512=:AAAA:, {digest(b'x')}"}
    assert announced_sha256(headers) == hashlib.sha256(b"x").hexdigest()
    assert announced_sha256({"repr-digest": "sha-256=:!!:"}) == ""
    assert announced_sha256({"x-content-sha256": "ab"}) == "ab"


def test_watching_ends_with_the_final_state(server: Server, client: Client) -> None:
    server.tells(job("RUNNING", 1), job("COMPLETED", 4), job("RUNNING", 2))
    assert [seen.state for seen in client.jobs.watch("j1")] == ["RUNNING", "COMPLETED"]


def test_watching_survives_broken_connections(server: Server, client: Client) -> None:
    server.tells(job("RUNNING", 1), breaks=True)
    server.fails(httpx2.ConnectError("refused")).says({}, 503).tells(job("RUNNING", 2))
    server.tells({"code": 16, "message": "ended"}).tells(job("COMPLETED", 4))
    seen = [watched.request_counts.succeeded for watched in client.jobs.watch("j1")]
    assert seen == [1, 2, 4]


def test_watching_gives_up_when_the_server_stays_away(
    server: Server, client: Client, waits: list[float]
) -> None:
    for _ in range(13):
        server.fails(httpx2.ConnectError("refused"))
    with pytest.raises(sdk.ConnectionFailed):
        list(client.jobs.watch("j1"))
    assert len(waits) == 12
    assert 60 < sum(waits) < 150


def test_watching_stops_at_once_when_the_session_has_ended(server: Server, client: Client) -> None:
    server.tells(job("RUNNING", 1), breaks=True).refuses(401, "UNAUTHENTICATED")
    with pytest.raises(sdk.NotLoggedIn):
        list(client.jobs.watch("j1"))


async def test_watching_works_asynchronously(server: Server, waits: list[float]) -> None:
    server.tells(job("RUNNING", 1), breaks=True).tells(job("FAILED", 1))
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        assert [seen.state async for seen in client.jobs.watch("j1")] == ["RUNNING", "FAILED"]
