"""Ways to ask a process whether it serves: one short question each, answered with yes or no."""

import contextlib
import http.client
import ssl
from collections.abc import Callable
from pathlib import Path

QUESTION_SECONDS = 1.0


def http_status(port: int, path: str, *, method: str = "GET", ca_file: Path | None = None) -> int | None:
    """The status a loopback server answers with, over TLS when a CA is named; None without an answer."""
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


def answers_200(port: int, path: str, *, ca_file: Path | None = None) -> Callable[[], bool]:
    """A probe for `Command.ready`."""
    return lambda: http_status(port, path, ca_file=ca_file) == 200
