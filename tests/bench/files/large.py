"""A file of 2 GB and 5,000,000 rows: memory during its upload, and reading rows from its middle."""

import time
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.files.content import csv, size
from tests.e2e.api import Person
from tests.support.proc import watched
from tests.support.stack import Stack

ROWS = 5_000_000
NOTE = b"n" * 320
COUNT = 500
ROUNDS = 5


def run(stack: Stack, person: Person) -> Iterator[Figure]:
    """Upload the file, measure, and delete it."""
    length = size(ROWS, note=NOTE)
    started = time.perf_counter()
    with watched(stack.pids["files"]) as memory:
        answer = person.http.post(
            "/v1/files:upload",
            params={"filename": "large.csv"},
            content=csv(ROWS, note=NOTE),
            headers={
                "authorization": f"Bearer {person.token}",
                "content-type": "text/csv",
                "content-length": str(length),
            },
        )
    took = time.perf_counter() - started
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert file["row_count"] == ROWS
    rate = length / 1e6 / took
    yield Figure(
        "peak memory of files, MiB", memory.mib, 256, f"{length / 1e9:.2f} GB at {rate:.0f} MB/s", above=False
    )
    first, middle = _seconds(person, file["name"], 1), _seconds(person, file["name"], ROWS // 2)
    yield Figure(
        "rows from the middle beside the first",
        middle / first,
        3,
        f"{COUNT} rows in {middle * 1000:.0f} beside {first * 1000:.0f} ms",
        above=False,
    )
    profile = person.ok("GET", f"/v1/{file['name']}/profile")
    assert profile["row_count"] == ROWS
    person.ok("DELETE", f"/v1/{file['name']}")


def _seconds(person: Person, name: str, first: int) -> float:
    """Return the best time of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        rows = person.ok("GET", f"/v1/{name}/rows?first={first}&count={COUNT}")["rows"]
        best = min(best, time.perf_counter() - started)
        assert (len(rows), rows[0]["number"]) == (COUNT, first)
    return best
