"""Options of a client, and calls that are sent as they are."""

from __future__ import annotations

import logging

import httpx2
import pytest
from smelt_client import AsyncClient, BadSettings, Client, ServerFailed
from smelt_client.options import Options

from tests.unit.client.conftest import TOKEN, URL, Server


@pytest.fixture
def client(server: Server) -> Client:
    return Client(URL, TOKEN, transport=server.transport)


def seconds(request: httpx2.Request) -> tuple[float, float]:
    """How long a request waits for an answer and for a connection."""
    timeout = request.extensions["timeout"]
    return timeout["read"], timeout["connect"]


def test_an_answer_may_take_a_minute_and_that_to_an_upload_five(server: Server, client: Client) -> None:
    server.says({}).says({})
    client.files.get("f1")
    client.files.reparse("f1")
    assert [seconds(request) for request in server.asked] == [(60, 10), (300, 10)]


def test_a_timeout_of_the_clients_holds_for_every_call(server: Server) -> None:
    client = Client(URL, TOKEN, timeout=4, transport=server.transport)
    server.says({}).says({})
    client.files.get("f1")
    client.files.reparse("f1")
    assert [seconds(request) for request in server.asked] == [(4, 4)] * 2


def test_a_quiet_job_is_watched_longer_than_a_short_timeout(server: Server) -> None:
    client = Client(URL, TOKEN, timeout=1, transport=server.transport)
    server.tells({"name": "jobs/j1", "state": "COMPLETED"})
    client.jobs.wait("j1")
    assert seconds(server.asked[0])[0] > 15


def test_retries_can_be_none(server: Server) -> None:
    client = Client(URL, TOKEN, retries=0, transport=server.transport)
    server.says({}, 503)
    with pytest.raises(ServerFailed):
        client.files.get("f1")


def test_headers_are_sent_with_every_call(server: Server) -> None:
    client = Client(URL, TOKEN, headers={"x-team": "copy"}, transport=server.transport)
    server.says({}).tells({"name": "jobs/j1", "state": "COMPLETED"})
    client.files.get("f1")
    client.jobs.wait("j1")
    assert [request.headers["x-team"] for request in server.asked] == ["copy"] * 2


def test_options_of_one_call_change_no_other(server: Server, client: Client, waits: list[float]) -> None:
    server.says({}).says({}, 503).says({}, 503).says({}).says({})
    hasty = client.with_options(timeout=2, headers={"x-team": "copy"})
    hasty.files.get("f1")
    with pytest.raises(ServerFailed):
        hasty.with_options(retries=0).files.get("f1")
    client.files.get("f1")
    hasty.files.get("f1")
    assert [seconds(request)[0] for request in server.asked] == [2, 2, 60, 60, 2]
    assert [request.headers.get("x-team") for request in server.asked] == ["copy", "copy", None, None, "copy"]


async def test_the_asynchronous_client_has_the_same_options(server: Server) -> None:
    server.says({}).says({"files": []}, 203, x_request_id="r1")
    async with AsyncClient(URL, TOKEN, timeout=9, transport=server.transport) as client:
        await client.with_options(headers={"x-team": "copy"}).files.get("f1")
        answer = await client.request("GET", "/v1/files")
    assert (seconds(server.asked[0])[0], server.asked[0].headers["x-team"]) == (9, "copy")
    assert (answer.status, answer.headers["x-request-id"], answer.json()) == (203, "r1", {"files": []})


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0.0},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"retries": -1},
        {"headers": {"Authorization": "Bearer other"}},
        {"headers": {"x-a": "b\r\nx-c: d"}},
        {"headers": {"x a": "b"}},
        {"headers": {"": "b"}},
    ],
)
def test_options_that_cannot_hold_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadSettings):
        Client(URL, TOKEN, **options)  # type: ignore[arg-type]


def test_headers_are_not_in_a_repr() -> None:
    assert "secret" not in repr(Options(headers={"x-key": "secret"}))


def test_any_call_can_be_sent_and_a_refusal_is_an_answer(server: Server, client: Client) -> None:
    server.refuses(404, "FILE_NOT_FOUND").says({"name": "templates/t1"}).refuses(409, "CONFLICT")
    refused = client.request("GET", "/v1/files/f1")
    assert (refused.status, refused.json()["message"]) == (404, "it is refused")
    made = client.request("post", "/v1/templates", body={"display_name": "Hook"})
    assert made.raise_for_status().json() == {"name": "templates/t1"}
    assert server.body(1) == {"display_name": "Hook"}
    assert server.asked[1].headers["authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(Exception, match="it is refused") as caught:
        client.request("DELETE", "/v1/files/f1").raise_for_status()
    assert getattr(caught.value, "reason", "") == "CONFLICT"


def test_a_query_goes_in_the_path_or_apart(server: Server, client: Client) -> None:
    server.says({}).says({})
    client.request("GET", "/v1/files?page_size=2")
    client.request("GET", "/v1/files", params={"page_size": 2})
    assert server.paths() == ["GET /v1/files?page_size=2"] * 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "https://elsewhere.test/v1/files"),
        ("GET", "//elsewhere.test/x"),
        ("GET", "v1"),
        ("CONNECT", "/"),
    ],
)
def test_the_token_goes_nowhere_else(server: Server, client: Client, method: str, path: str) -> None:
    with pytest.raises(BadSettings):
        client.request(method, path)
    assert server.asked == []


def test_attempts_are_logged_without_secrets(
    server: Server, client: Client, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server.says({}, 503).says({}).says({})
    with caplog.at_level(logging.DEBUG, logger="smelt_client"):
        client.files.get("f1")
        client.request("GET", "/v1/files?page_token=private")
    said = caplog.text
    assert "attempt 1 of GET /v1/files/f1 answered 503" in said
    assert "attempt 2 of GET /v1/files/f1 follows" in said
    assert TOKEN not in said
    assert "private" not in said
