"""A worker's peak memory while it processes a file of 50 MB."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2

from tests.bench.figures import Figure
from tests.e2e.api import register, tls
from tests.support.proc import watched
from tests.support.provider import Provider
from tests.support.stack import Stack

ROWS = 10_000
ROW_BYTES = 5_000
PARALLEL = 256
FINISH_SECONDS = 600
MOST_MIB = 200


def run(stack: Stack) -> Iterator[Figure]:
    """Run one job over every row of a 50 MB file whose cells all go into the prompt."""
    provider = Provider(urlsplit(stack.provider_url).netloc)
    provider.script(record=False)
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=120, trust_env=False) as http:
        person = register(http)
        person.add_key(provider.base_url)
        note = b"n" * ROW_BYTES
        with watched(stack.pids["worker-1"]) as worker, watched(stack.pids["files"]) as files:
            file = person.file(
                b"n,note\n" + b"".join(b"%d,%s\n" % (n, note) for n in range(ROWS)), "large.csv"
            )
            template = person.template("Sum up row {{n}}: {{note}}")
            job = person.job(file, [template], parallel_calls=PARALLEL)
            done = person.finished(job, seconds=FINISH_SECONDS)
        assert done["request_counts"]["succeeded"] == ROWS, done
        detail = f"after {ROWS:,} rows of {ROW_BYTES:,} bytes, {PARALLEL} calls in flight"
        for name, peak in (("worker", worker), ("files", files)):
            yield Figure(
                f"peak memory of {name}, MiB, 50 MB file",
                peak.mib,
                MOST_MIB,
                detail,
                above=False,
            )
