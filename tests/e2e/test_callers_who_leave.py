"""Callers that disconnect halfway: no hop behind the gateway continues their work."""

import json
import os
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.api import Person, tls
from tests.support.patience import PATIENCE_SECONDS, until
from tests.support.provider import Provider
from tests.support.stack import Stack

#: How long a template test may take if its caller stays.
TRIAL_SECONDS = 45.0


@pytest.fixture
def leaver(new_person: Callable[[], Person], stack: Stack) -> Person:
    """A person with separate connections, so that one can be closed without the others."""
    person = new_person()
    http = httpx2.Client(
        base_url=stack.gateway_url, verify=tls(stack), timeout=PATIENCE_SECONDS, trust_env=False
    )
    return Person(http=http, email=person.email, token=person.token)


def open_streams(stack: Stack, service: str) -> int:
    """Return how many streams a service has open, by its own metrics."""
    settings = Path(f"/proc/{stack.pids[service]}/environ").read_bytes().split(b"\0")
    listen = next(each for each in settings if each.startswith(b"SMELT_HEALTH_LISTEN=")).partition(b"=")[2]
    with urllib.request.urlopen(f"http://{listen.decode()}/metrics", timeout=PATIENCE_SECONDS) as answer:
        lines = answer.read().decode().splitlines()
    return int(float(next(line for line in lines if line.startswith("smelt_open_streams ")).split()[1]))


@contextmanager
def asking(stack: Stack, person: Person, path: str, body: dict[str, Any]) -> Iterator[None]:
    """Send a request on a separate connection, and disconnect at the end of the block."""
    place, content = urlsplit(stack.gateway_url), json.dumps(body)
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: Bearer {person.token}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
    ]
    with (
        socket.create_connection((place.hostname or "", place.port or 0)) as plain,
        tls(stack).wrap_socket(plain, server_hostname=place.hostname) as connection,
    ):
        connection.sendall("\r\n".join([*lines, "", content]).encode())
        yield


@pytest.mark.promise("S44")
def test_a_key_test_ends_its_provider_call_when_its_caller_leaves(
    leaver: Person, provider: Provider, stack: Stack
) -> None:
    key = leaver.add_key(provider.base_url)
    provider.script(latency_ms=600_000)
    with asking(stack, leaver, f"/v1/{key['name']}:test", {}):
        provider.wait_for(1)
    until(lambda: provider.summary()["abandoned"] == 1, "the provider still works for somebody who left")
    assert provider.summary()["in_flight"] == 0
    time.sleep(0.5)
    # A test that ran into its own deadline would be recorded as unreachable.
    assert "last_tested_time" not in leaver.ok("GET", f"/v1/{key['name']}")


@pytest.mark.promise("S44")
def test_a_trial_of_a_template_ends_when_its_person_leaves(
    leaver: Person, provider: Provider, stack: Stack
) -> None:
    leaver.add_key(provider.base_url)
    file = leaver.file(b"n\n1\n2\n3\n")
    template = leaver.template("Say {{n}}")
    provider.script(latency_ms=600_000)
    body = {"file": file["name"], "templates": [template["name"]], "row_count": 3}
    with asking(stack, leaver, "/v1/templates:test", body):
        provider.wait_for(3)
    until(lambda: provider.summary()["in_flight"] == 0, "the provider still works for somebody who left")
    seen = provider.summary()
    assert seen["abandoned"] == seen["total"]
    assert all(each["ended"] - each["received"] < TRIAL_SECONDS for each in provider.requests())


@pytest.mark.promise("S44")
def test_a_watch_ends_in_the_processor_when_its_watcher_leaves(
    leaver: Person, provider: Provider, stack: Stack
) -> None:
    leaver.add_key(provider.base_url)
    provider.script(latency_ms=600_000)
    job = leaver.job(leaver.file(b"n\n1\n"), [leaver.template("Say {{n}}")])
    before = open_streams(stack, "processor")
    watching = leaver.watch(job)
    next(watching)
    assert open_streams(stack, "processor") == before + 1
    leaver.http.close()
    until(lambda: open_streams(stack, "processor") == before, "the processor still tells somebody who left")


@pytest.mark.promise("S44")
def test_a_long_download_ends_in_files_when_its_person_leaves(leaver: Person, stack: Stack) -> None:
    cell = os.urandom(30_000).hex()
    file = leaver.file(b"n\n" + b"".join(b"%d%s\n" % (n, cell.encode()) for n in range(800)))
    before = open_streams(stack, "files")
    with leaver.http.stream(
        "GET", f"/v1/{file['name']}:download", headers={"authorization": f"Bearer {leaver.token}"}
    ) as answer:
        assert answer.status_code == 200
        # Kept in a variable, because an unreferenced generator closes the connection.
        pieces = answer.iter_raw(1024)
        next(pieces)
        assert open_streams(stack, "files") == before + 1
    leaver.http.close()
    until(lambda: open_streams(stack, "files") == before, "files still sends to somebody who left")
