"""Probes that tell whether a process serves: one short request each, with a yes or no result."""

import contextlib
import http.client
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


def answers_200(port: int, path: str, *, ca_file: Path | None = None) -> Callable[[], bool]:
    """A probe for `Command.ready`."""
    return lambda: http_status(port, path, ca_file=ca_file) == 200
