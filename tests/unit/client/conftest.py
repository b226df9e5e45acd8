"""A scripted server without sockets, and waits that return at once."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from smelt_client import Client
from smelt_client.cli import main

TOKEN = "token-that-nobody-may-see"
URL = "https://smelt.test"


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that arrives in pieces, and may break off."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self._pieces = pieces
        self._breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._breaks:
            raise httpx2.RemoteProtocolError("peer closed the connection")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


class Server:
    """Answers calls in turn as scripted, and remembers the requests."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []
        self._answers: list[httpx2.Response | Exception] = []
        self._routes: dict[tuple[str, str], Callable[[httpx2.Request], httpx2.Response]] = {}
        self.transport = httpx2.MockTransport(self._answer)

    def says(self, content: Any = None, status: int = 200, **headers: str) -> Server:
        """Make the next answer JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.append(httpx2.Response(status, json={} if content is None else content, headers=named))
        return self

    def streams(self, *pieces: bytes, breaks: bool = False, **headers: str) -> Server:
        """Make the next answer arrive in pieces."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.append(httpx2.Response(200, stream=Body(*pieces, breaks=breaks), headers=named))
        return self

    def tells(self, *jobs: dict[str, Any], breaks: bool = False) -> Server:
        """Make the next answer a stream of events."""
        events = [b"data: " + json.dumps(job).encode() + b"\n\n" for job in jobs]
        return self.streams(*events, breaks=breaks, content_type="text/event-stream")

    def fails(self, error: Exception) -> Server:
        """Make the next call fail without an answer."""
        self._answers.append(error)
        return self

    def refuses(self, status: int, reason: str, message: str = "it is refused", **headers: str) -> Server:
        """Make the next answer an error of the API."""
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        details = [{"@type": kind, "reason": reason, "domain": "smelt", "metadata": {"file": "files/1"}}]
        return self.says({"code": 5, "message": message, "details": details}, status, **headers)

    def paths(self) -> list[str]:
        """Return the requests, as `METHOD path`."""
        return [f"{request.method} {request.url.raw_path.decode()}" for request in self.asked]

    def body(self, number: int = -1) -> Any:
        """Return the JSON body of a request."""
        return json.loads(self.asked[number].content)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        if not self._answers:
            raise AssertionError(f"no answer was prepared for {request.method} {request.url}")
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def job(state: str = "RUNNING", succeeded: int = 0, failed: int = 0, **more: Any) -> dict[str, Any]:
    """A job as the API shows it."""
    return {
        "name": "jobs/j1",
        "file": "files/f1",
        "templates": ["templates/t1"],
        "first_row": 1,
        "last_row": 4,
        "parallel_calls": 5,
        "api_key": "apiKeys/k1",
        "state": state,
        "pause_reason": "NOT_PAUSED",
        "request_counts": {"total": 4, "succeeded": succeeded, "failed": failed},
        "percent": 25.0 * (succeeded + failed),
        "rows_per_second": 2.5,
        "eta_seconds": 3,
        "input_tokens": "9007199254740993",
        "output_tokens": "12",
        "error": None,
        "create_time": "2026-11-23T10:00:00.123456789Z",
        **more,
    }


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the SDK would have waited."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    for module in ("senders", "jobs"):
        monkeypatch.setattr(f"smelt_client.{module}.time.sleep", waited.append)
        monkeypatch.setattr(f"smelt_client.{module}.asyncio.sleep", wait)
    return waited


@pytest.fixture(autouse=True)
def nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the settings of the person who runs the tests."""
    for name in ("SMELT_URL", "SMELT_TOKEN", "SMELT_CA_FILE", "SMELT_STATE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


Smelt = Callable[..., tuple[int, str, str]]


@pytest.fixture
def smelt(server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Smelt:
    """A function that runs the command: `code, out, err = smelt("files", "list", stdin="...")`."""
    monkeypatch.setattr("smelt_client.cli.common.Client", partial(Client, transport=server.transport))

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token in the environment."""
    monkeypatch.setenv("SMELT_URL", URL)
    monkeypatch.setenv("SMELT_TOKEN", TOKEN)
