"""Runs one job while processes are killed, and checks its results against what its provider saw."""

import csv
import io
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from deploy.local.provider_record import fingerprint
from tests.chaos.killer import Kill
from tests.e2e.api import Person
from tests.support.provider import Provider, answer_for

#: Ten calls in a hundred fail, in three ways; a row's third call never does, so no row may fail.
FAULTS: tuple[dict[str, Any], ...] = (
    {"action": "status", "status": 500, "share": 0.04, "first": 2},
    {"action": "reset", "share": 0.03, "first": 2},
    {"action": "not_json", "share": 0.03, "first": 2},
)
# The statuses that a client may get while parts of the stack are dead; all of them mean: try again.
_AWAY = (502, 503, 504)


@dataclass(frozen=True, slots=True)
class Trial:
    """The size of a job: its rows, its calls in flight, and the provider's latency."""

    rows: int
    parallel_calls: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Account:
    """The outcome of a trial."""

    calls: int
    faults: int
    paid_twice: int
    most_in_flight_at_kills: int
    seconds: float


def begin(person: Person, provider: Provider, trial: Trial) -> dict[str, Any]:
    """Start the job, before anything is killed."""
    provider.reset()
    provider.script(*FAULTS, latency_ms=trial.latency_ms)
    content = b"n,kept\n" + b"".join(b'row %d,"=%d"\n' % (n, n) for n in range(1, trial.rows + 1))
    return person.job(
        person.file(content), [person.template("Say {{n}}")], parallel_calls=trial.parallel_calls
    )


def patiently(person: Person, path: str, *, seconds: float) -> httpx2.Response:
    """Retry until the status is 200. Dead processes may cost time, but must never cause a wrong answer."""
    deadline = time.monotonic() + seconds
    while True:
        said: object = None
        try:
            answer = person.call("GET", path)
            if answer.status_code == 200:
                return answer
            assert answer.status_code in _AWAY, (path, answer.status_code, answer.text[:500])
            said = answer.text[:500]
        except httpx2.TransportError as error:
            said = error
        assert time.monotonic() < deadline, (path, said)
        time.sleep(0.1)


def end(person: Person, job: Mapping[str, Any], *, seconds: float) -> dict[str, Any]:
    """Wait until the job has ended, however often the stack is unreachable in the meantime."""
    deadline = time.monotonic() + seconds
    while True:
        seen: dict[str, Any] = patiently(person, f"/v1/{job['name']}", seconds=60).json()
        if seen["state"] not in ("PENDING", "RUNNING"):
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)


def check(
    person: Person, provider: Provider, trial: Trial, *, job: Mapping[str, Any], kills: Sequence[Kill]
) -> Account:
    """Compare the finished job with the provider's own record; fail at the first difference."""
    everyone = range(1, trial.rows + 1)
    counts = {"total": trial.rows, "succeeded": trial.rows, "failed": 0, "skipped": 0}
    assert (job["state"], job["request_counts"]) == ("COMPLETED", counts), job
    answer = patiently(person, f"/v1/{job['name']}/results:download", seconds=60)
    assert int(answer.headers["content-length"]) == len(answer.content)
    table = list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))
    assert [row[:2] for row in table[1:]] == [[f"row {n}", f"={n}"] for n in everyone]
    assert [row[2] for row in table[1:]] == [answer_for(f"Say row {n}") for n in everyone]
    # A job left over from another test may still be making calls.
    own = {fingerprint(f"Bearer {key}") for key in person.keys}
    calls = [
        seen
        for seen in provider.requests()
        if seen["path"] == "/v1/chat/completions" and seen["authorization_sha256"] in own
    ]
    # The script either spoils a call or answers it in full, and providers charge for full answers.
    paid = Counter(seen["prompt"] for seen in calls if seen["action"] is None)
    assert set(paid) == {f"Say row {n}" for n in everyone}
    assert {seen["prompt"] for seen in calls} == set(paid)
    twice = paid.total() - trial.rows
    # A call counts as in flight until its result is durable, so a dead worker had no more than these.
    most = trial.parallel_calls * sum(kill.of_worker for kill in kills)
    assert twice <= most, (twice, most, [kill.victim for kill in kills])
    return Account(
        calls=len(calls),
        faults=len(calls) - paid.total(),
        paid_twice=twice,
        most_in_flight_at_kills=most,
        seconds=max(seen["received"] for seen in calls) - min(seen["received"] for seen in calls),
    )
