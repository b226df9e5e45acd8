"""A receiver of webhooks over real HTTP, which checks signatures using only the specification's text."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.patience import PATIENCE_SECONDS

TOLERANCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """The body."""
        told: dict[str, Any] = json.loads(self.body)
        return told

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> bool:
        """Whether one of its signatures was made with the secret, and recently."""
        sent = self.headers["webhook-timestamp"]
        if abs(time.time() - int(sent)) > TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        content = b".".join([self.id.encode(), sent.encode(), self.body])
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        versions = [each.partition(",") for each in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(value, expected) for version, _, value in versions)


@dataclass
class Receiver:
    """The received requests; `answers` holds (status, headers) by path, in turn, the last one repeated."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    #: Called before each response, for tests that do something in between.
    meanwhile: Callable[[Received], None] = lambda _: None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.address}{path}"

    def at(self, path: str) -> list[Received]:
        """Return the requests to a path, in order."""
        return [each for each in self.received if each.path == path]

    def wait(self, path: str, count: int, seconds: float = PATIENCE_SECONDS) -> list[Received]:
        """Return the requests to a path once there are `count` of them."""
        with self.arrived:
            met = self.arrived.wait_for(lambda: len(self.at(path)) >= count, seconds)
        assert met, f"{len(self.at(path))} of {count} messages at {path}"
        return self.at(path)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Listen on loopback during the block, by default on any free port."""
    receiver = Receiver()

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, body)
            receiver.meanwhile(request)
            waiting = receiver.answers.get(self.path, [(204, {})])
            status, extra = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            with receiver.arrived:
                receiver.received.append(request)
                receiver.arrived.notify_all()
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Requests)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
