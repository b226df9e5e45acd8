"""Probes that tell whether a process serves: one short request each, over a port or a Unix socket."""

import contextlib
import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

QUESTION_SECONDS = 1.0


def http_status(port: int, path: str, *, method: str = "GET", ca_file: Path | None = None) -> int | None:
    """The status of a loopback server's response, over TLS if a CA is given; None if there is no response."""
    connection: http.client.HTTPConnection
    if ca_file:
        context = ssl.create_default_context(cafile=str(ca_file))
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=QUESTION_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=QUESTION_SECONDS)
    with contextlib.closing(connection):
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=QUESTION_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(QUESTION_SECONDS)
        self.sock.connect(str(self._path))


def ask_socket(path: Path, target: str, *, method: str = "GET") -> tuple[int, bytes] | None:
    """Status and body of the response of a server on a Unix socket; None if there is no response."""
    with contextlib.closing(UnixConnection(path)) as connection:
        try:
            connection.request(method, target)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None


def answers_200(port: int, path: str, *, ca_file: Path | None = None) -> Callable[[], bool]:
    """A probe for `Command.ready`."""
    return lambda: http_status(port, path, ca_file=ca_file) == 200
