"""What the SDK sends and how it reads the answers."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from smelt_client import AsyncClient, BadSettings, Client, InvalidName, InvalidText

from tests.unit.client.conftest import TOKEN, URL, Server, job


@pytest.fixture
def client(server: Server) -> Client:
    return Client(URL, TOKEN, transport=server.transport)


def test_a_job_is_read_with_its_types(server: Server, client: Client) -> None:
    server.says(job("COMPLETED", 3, 1))
    read = client.jobs.get("j1")
    assert (read.name, read.templates, read.request_counts.done) == ("jobs/j1", ("templates/t1",), 4)
    assert read.input_tokens == 9007199254740993
    assert read.create_time == datetime(2026, 11, 23, 10, 0, 0, 123456, UTC)
    assert read.is_final
    assert read.error.reason == ""
    assert read.raw["rows_per_second"] == 2.5
    assert server.paths() == ["GET /v1/jobs/j1"]


def test_an_export_is_saved_in_one_call(server: Server, client: Client, tmp_path: Path) -> None:
    export = {"name": "dataExports/e1", "state": "COMPLETED", "size_bytes": "3"}
    server.says({**export, "state": "PENDING"}, 201).says(export).streams(b"ZIP", content_length="3")
    assert client.account.save_export(tmp_path / "mine.zip") == 3
    assert (tmp_path / "mine.zip").read_bytes() == b"ZIP"
    assert server.paths()[-1] == "GET /v1/dataExports/e1:download"


def test_an_answer_of_wrong_types_is_read_as_empty(server: Server, client: Client) -> None:
    server.says(
        {"name": 7, "size_bytes": "many", "columns": "a,b", "create_time": "yesterday", "sha256": None}
    )
    read = client.files.get("f1")
    assert (read.name, read.size_bytes, read.columns, read.create_time) == ("", 0, (), None)


def test_every_request_carries_the_token_and_nothing_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    server.says({"email": "ada@example.com"})
    assert Client(URL, TOKEN, transport=server.transport).users.me().email == "ada@example.com"
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_settings_come_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMELT_URL", "https://other.test")
    monkeypatch.setenv("SMELT_TOKEN", "from-environment")
    server.says({})
    Client(transport=server.transport).users.me()
    assert server.asked[0].url == "https://other.test/v1/users/me"
    assert server.asked[0].headers["authorization"] == "Bearer from-environment"


def test_creating_posts_carry_an_idempotency_key_but_a_login_does_not(server: Server, client: Client) -> None:
    server.says({"name": "templates/t1"}).says({"name": "templates/t2"}).says({"token": "t"})
    client.templates.create("Hook", "Hi {{Name}}", output_column="Hook")
    client.templates.create("Hook", "Hi", output_column="Hook", idempotency_key="mine")
    client.sessions.create("ada@example.com", "correct horse battery")
    first, second, login = [request.headers.get("idempotency-key") for request in server.asked]
    assert first and len(first) == 36
    assert (second, login) == ("mine", None)


def test_a_login_answers_with_the_token_but_shows_it_nowhere(server: Server, client: Client) -> None:
    server.says(
        {"session": {"name": "sessions/s", "expire_time": "2026-12-23T10:00:00Z"}, "token": "very-secret"}
    )
    session = client.sessions.create("ada@example.com", "correct horse battery")
    assert session.token == "very-secret"
    assert session.name == "sessions/s"
    assert "very-secret" not in repr(session)


def test_no_secret_is_in_a_repr(server: Server, client: Client) -> None:
    asynchronous = AsyncClient(URL, TOKEN, transport=server.transport)
    for thing in (client, asynchronous, client._endpoint, client._sender):
        assert TOKEN not in repr(thing)
    assert URL in repr(client)


def test_a_file_is_sent_raw_with_its_length(server: Server, client: Client, tmp_path: Path) -> None:
    content = b"First Name,Company\r\nAda,Acme\r\n" * 30_000
    path = tmp_path / "leads & more.csv"
    path.write_bytes(content)
    server.says(
        {"name": "files/f1", "size_bytes": str(len(content)), "columns": [{"name": "First Name"}]}, 201
    )
    sent: list[int] = []
    uploaded = client.files.upload(path, progress=sent.append)
    assert (sent[0], sent[-1], sent) == (0, len(content), sorted(sent))
    (request,) = server.asked
    assert request.url.params["filename"] == "leads & more.csv"
    assert request.content == content
    assert request.headers["content-length"] == str(len(content))
    assert "transfer-encoding" not in request.headers
    assert request.headers["content-type"] == "text/csv"
    assert (uploaded.size_bytes, uploaded.columns[0].name) == (len(content), "First Name")


async def test_the_asynchronous_client_sends_the_same_file(
    server: Server, tmp_path: Path, waits: list[float]
) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(b"a,b\n1,2\n" * 100_000)
    server.says({}, 503).says({"name": "files/f1"})
    async with AsyncClient(URL, TOKEN, transport=server.transport) as client:
        assert (await client.files.upload(path)).name == "files/f1"
    assert [request.content for request in server.asked] == [path.read_bytes()] * 2


def test_lists_go_through_all_pages(server: Server, client: Client) -> None:
    server.says({"files": [{"name": "files/1"}, {"name": "files/2"}], "next_page_token": "next"})
    server.says({"files": [{"name": "files/3"}], "next_page_token": ""})
    assert [file.name for file in client.files.list(page_size=2)] == ["files/1", "files/2", "files/3"]
    assert server.paths() == ["GET /v1/files?page_size=2", "GET /v1/files?page_size=2&page_token=next"]


async def test_lists_go_through_all_pages_asynchronously(server: Server) -> None:
    server.says({"jobs": [job()], "next_page_token": "n"}).says({"jobs": [job("COMPLETED")]})
    client = AsyncClient(URL, TOKEN, transport=server.transport)
    assert [read.state async for read in client.jobs.list()] == ["RUNNING", "COMPLETED"]


def test_a_page_that_repeats_itself_ends_in_an_error(server: Server, client: Client) -> None:
    for _ in range(2):
        server.says({"files": [], "next_page_token": "same"})
    with pytest.raises(Exception, match="keeps returning the same page"):
        list(client.files.list())


def test_a_job_is_created_from_ids_or_names(server: Server, client: Client) -> None:
    server.says(job("PENDING"), 201)
    client.jobs.create("f1", ["templates/t1", "t2"], first_row=1, last_row=20, api_key="managed")
    assert server.body() == {
        "file": "files/f1",
        "templates": ["templates/t1", "templates/t2"],
        "first_row": 1,
        "last_row": 20,
        "api_key": "apiKeys/managed",
    }


def test_an_update_names_what_it_changes(server: Server, client: Client) -> None:
    server.says({"name": "templates/t1"})
    client.templates.update("t1", prompt="New {{Name}}", temperature=0.0)
    assert server.paths() == ["PATCH /v1/templates/t1?update_mask=prompt%2Ctemperature"]
    assert server.body() == {"prompt": "New {{Name}}", "temperature": 0.0}


def test_other_calls_are_what_the_api_lists(server: Server, client: Client) -> None:
    for _ in range(10):
        server.says({})
    client.api_keys.create("sk-abcdefghijklmnop", label="mine", base_url="https://llm.test/v1")
    client.api_keys.activate("k1")
    client.api_keys.delete("k1")
    client.files.rows("f1", first=5, count=2)
    client.files.delete("f1")
    client.templates.preview("t1", "f1")
    client.jobs.cancel("j1")
    list(client.jobs.rows("j1", row_filter="state = FAILED"))
    client.users.create("ada@example.com", "correct horse battery")
    client.sessions.delete()
    assert server.paths() == [
        "POST /v1/apiKeys",
        "POST /v1/apiKeys/k1:activate",
        "DELETE /v1/apiKeys/k1",
        "GET /v1/files/f1/rows?first=5&count=2",
        "DELETE /v1/files/f1",
        "POST /v1/templates/t1:preview",
        "POST /v1/jobs/j1:cancel",
        "GET /v1/jobs/j1/rows?filter=state+%3D+FAILED",
        "POST /v1/users",
        "DELETE /v1/sessions/current",
    ]


@pytest.mark.parametrize(
    "name", ["../users/me", "files/../x", "jobs/1", "", "a b", "x" * 65, "f1?x=1", "f%2f1"]
)
def test_a_name_cannot_reach_another_path(server: Server, client: Client, name: str) -> None:
    with pytest.raises(InvalidName):
        client.files.get(name)
    assert server.asked == []


def test_text_that_is_not_unicode_is_refused_here(server: Server, client: Client) -> None:
    with pytest.raises(InvalidText):
        client.templates.create("caf\udce9", "x", output_column="y")


@pytest.mark.parametrize(
    "url",
    [
        "smelt.test",
        "ftp://smelt.test",
        "http://smelt.test",
        "https://",
        "https://ada:pw@smelt.test",
        "https://x:port",
    ],
)
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(BadSettings) as refused:
        Client(url, TOKEN)
    assert TOKEN not in str(refused.value)


def test_plain_http_is_for_loopback() -> None:
    Client("http://127.0.0.1:8080", TOKEN).close()
    Client("http://localhost:8080", TOKEN).close()


@pytest.mark.parametrize("token", ["with space", "line\nbreak", "ümlaut", "nul\x00"])
def test_a_token_that_is_none_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(BadSettings) as refused:
        Client(URL, token)
    assert token not in str(refused.value)


def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    for content in (None, b"no certificate"):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(BadSettings, match=r"ca\.pem"):
            Client(URL, ca_file=os.fspath(path))


def test_the_version_is_the_packages() -> None:
    import smelt_client

    root = Path(__file__).resolve().parents[3]
    assert f'version = "{smelt_client.__version__}"' in (root / "client/pyproject.toml").read_text()


def test_a_response_of_something_else_is_not_read_as_ours(server: Server, client: Client) -> None:
    server._answers.append(httpx2.Response(200, text="<html>hello</html>"))
    with pytest.raises(Exception, match="did not answer with JSON"):
        client.users.me()
