"""One replica after the other is restarted under load and a running job, and no request fails."""

import itertools
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from deploy.local.probes import http_status
from services.common.ids import new_id
from tests.chaos.history import Trial, begin, check
from tests.e2e.api import PASSWORD, Person, register, tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.stack import GENEROUS, Launcher, Stack

SERVICES = ("auth", "processor", "files", "vault")
PER_SECOND = 25
TRIAL = Trial(rows=600, parallel_calls=10, latency_ms=500)


@pytest.fixture(scope="module")
def doubled() -> Iterator[Stack]:
    """A stack with two processes of each service, which leave slowly."""
    with tempfile.TemporaryDirectory(prefix="smelt-doubled-") as room:
        Path(room).chmod(0o755)
        launcher = Launcher(Path(room) / "state")
        more = {"SMELT_MAX_FILES": "10000", "SMELT_MAX_TEMPLATES": "10000"}
        shell = launcher.start(**GENEROUS, **more, SMELT_REPLICAS="2", SMELT_LAME_DUCK_SECONDS="6")
        try:
            yield launcher.wait_started()
        finally:
            launcher.signal(signal.SIGTERM)
            shell.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def person(doubled: Stack) -> Iterator[Person]:
    with httpx2.Client(
        base_url=doubled.gateway_url, verify=tls(doubled), timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield register(client)


class Load:
    """Requests at a steady rate until it is closed, each in a thread of its own, and their answers."""

    def __init__(self, person: Person) -> None:
        self.answers: Counter[str] = Counter()
        self._person = person
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pacer = threading.Thread(target=self._pace)

    def __enter__(self) -> "Load":
        self._pacer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pacer.join()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _pace(self) -> None:
        usual = (self._me, self._files, self._jobs, self._keys, self._template)
        # What is slow comes once at a time: a machine that is late must not be asked for ever more.
        room = {ask: threading.Semaphore(4) for ask in usual}
        room |= {ask: threading.Semaphore(1) for ask in (self._upload, self._sign_in)}
        order = itertools.cycle((*usual * 4, self._upload, *usual * 4, self._upload, self._sign_in))
        begun = time.monotonic()
        for number, ask in enumerate(order, 1):
            if room[ask].acquire(blocking=False):
                thread = threading.Thread(target=self._note, args=(ask, room[ask]))
                thread.start()
                self._threads.append(thread)
            if self._stopped.wait(max(0.0, begun + number / PER_SECOND - time.monotonic())):
                return

    def _note(self, ask: Callable[[], httpx2.Response], room: threading.Semaphore) -> None:
        said = "ok"
        try:
            answer = ask()
            if answer.status_code not in (200, 201):
                said = f"{ask.__name__} {answer.status_code} {answer.text}"
        except httpx2.TransportError as error:
            said = f"{ask.__name__} {error!r}"
        finally:
            room.release()
        self.answers[said] += 1

    def _me(self) -> httpx2.Response:
        return self._person.call("GET", "/v1/users/me")

    def _files(self) -> httpx2.Response:
        return self._person.call("GET", "/v1/files")

    def _jobs(self) -> httpx2.Response:
        return self._person.call("GET", "/v1/jobs")

    def _keys(self) -> httpx2.Response:
        return self._person.call("GET", "/v1/apiKeys")

    def _template(self) -> httpx2.Response:
        body = {"display_name": new_id(), "category": "Test", "prompt": "Say {{n}}", "output_column": "Hook"}
        return self._person.call("POST", "/v1/templates", body)

    def _upload(self) -> httpx2.Response:
        return self._person.upload(b"n\n1\n")

    def _sign_in(self) -> httpx2.Response:
        return self._person.http.post(
            "/v1/sessions", json={"email": self._person.email, "password": PASSWORD}
        )


def restart(stack: Stack, process: str) -> None:
    """Stop a process as an orchestrator does, and return once the next one is ready."""
    old = stack.pids[process]
    health = next(
        entry.removeprefix("SMELT_HEALTH_LISTEN=")
        for entry in Path(f"/proc/{old}/environ").read_text().split("\0")
        if entry.startswith("SMELT_HEALTH_LISTEN=")
    )
    os.kill(old, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stack.pids[process] == old or http_status(int(health.rpartition(":")[2]), "/ready") != 200:
        assert time.monotonic() < deadline, f"{process} did not come back"
        time.sleep(0.1)


@pytest.mark.promise("S64")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "services", [SERVICES[:2], pytest.param(SERVICES, marks=pytest.mark.long)], ids="-".join
)
def test_no_request_fails_and_no_row_is_paid_twice_while_each_replica_is_restarted(
    doubled: Stack, person: Person, services: tuple[str, ...]
) -> None:
    provider = Provider(urlsplit(doubled.provider_url).netloc)
    person.add_key(provider.base_url)
    job = begin(person, provider, TRIAL)
    with Load(person) as load:
        for service in services:
            for replica in (service, f"{service}-2"):
                restart(doubled, replica)
    failed = {said: count for said, count in load.answers.items() if said != "ok"}
    assert not failed, "\n".join(f"{count} {said}" for said, count in sorted(failed.items()))
    assert load.answers["ok"] > 100
    check(person, provider, TRIAL, job=person.finished(job), kills=())
