"""Uploads that end early or have the wrong length: the whole file is stored, or nothing."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.api import Person, tls
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.stack import Stack

#: Larger than one part of the object store, so that some of it is already stored when the upload is cut.
CONTENT = b"n,note\n" + b"".join(b"%d,%b\n" % (n, b"r" * 1000) for n in range(20_000))


@contextmanager
def connection(stack: Stack) -> Iterator[socket.socket]:
    place = urlsplit(stack.gateway_url)
    with (
        socket.create_connection((place.hostname or "", place.port or 0), timeout=PATIENCE_SECONDS) as plain,
        tls(stack).wrap_socket(plain, server_hostname=place.hostname) as secured,
    ):
        yield secured


def head(stack: Stack, person: Person, length: int) -> bytes:
    lines = [
        "POST /v1/files:upload?filename=cut.csv HTTP/1.1",
        f"Host: {urlsplit(stack.gateway_url).netloc}",
        f"Authorization: Bearer {person.token}",
        "Content-Type: text/csv",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def counted(stack: Stack, what: str) -> float:
    """Return a metric of the files service, summed over its labels."""
    environment = Path(f"/proc/{stack.pids['files']}/environ").read_text().split("\0")
    listens = next(line for line in environment if line.startswith("SMELT_HEALTH_LISTEN=")).partition("=")[2]
    text = httpx2.get(f"http://{listens}/metrics", trust_env=False).text
    return sum(map(float, re.findall(rf"^{what} (\S+)$", text, re.MULTILINE)))


def ended(stack: Stack) -> float:
    return counted(stack, r"smelt_rpc_seconds_count\{[^}]*/UploadFile\"[^}]*\}")


@pytest.mark.promise("S31")
@pytest.mark.parametrize("share", first(2, [0.5, 1, 0.01, 0.99]))
def test_an_upload_that_is_cut_off_anywhere_is_no_file(
    new_person: Callable[[], Person], stack: Stack, share: float
) -> None:
    person, before = new_person(), ended(stack)
    with connection(stack) as sending:
        # One byte is never sent, whatever the share.
        sending.sendall(head(stack, person, len(CONTENT) + 1))
        sending.sendall(CONTENT[: int(len(CONTENT) * share)])
        # Closed earlier, the upload would be cut off at the gateway.
        until(lambda: counted(stack, "smelt_open_streams") >= 1)
    until(lambda: ended(stack) == before + 1)
    assert person.ok("GET", "/v1/files")["files"] == []


@pytest.mark.promise("S31")
def test_of_more_bytes_than_announced_only_those_announced_are_the_file(
    new_person: Callable[[], Person], stack: Stack
) -> None:
    person = new_person()
    announced = b"a,b\n1,2\n"
    with connection(stack) as sending:
        sending.sendall(head(stack, person, len(announced)) + announced + b"3,4\n5,6\n\r\n\r\n")
        assert sending.recv(65536).startswith(b"HTTP/1.1 201")
    (file,) = person.ok("GET", "/v1/files")["files"]
    assert (int(file["size_bytes"]), file["row_count"]) == (len(announced), 1)
