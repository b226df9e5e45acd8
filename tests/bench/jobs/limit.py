"""A real limit of 30,000 requests a minute at 200 ms, announced in headers: the share used, and refusals."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.site import Site

ROWS = 10_000
#: The pacing holds the calls back; a hundred are in flight.
PARALLEL = 1000
CALLS_A_SECOND = 500
LATENCY_MS = 200
MODEL = "gpt-4o"


def run(site: Site) -> Iterator[Figure]:
    """Run a job against a provider that refuses more than 500 calls in any second."""
    site.provider.reset()
    limit = {"calls": CALLS_A_SECOND, "window_seconds": 1.0}
    site.provider.script(latency_ms=LATENCY_MS, limit=limit)
    # After this the limit is known, as it is for every job except a key's first.
    site.run(100, PARALLEL, MODEL)
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS, limit=limit)
    ran = site.run(ROWS, PARALLEL, MODEL)
    seen = site.provider.requests()
    refused = sum(each["status"] == 429 for each in seen)
    seconds = seen[-1]["received"] - seen[0]["received"]
    share = (len(seen) - refused) / seconds / CALLS_A_SECOND
    yield Figure(
        "share of a true limit of 30,000 requests a minute at 200 ms, whole job, one worker",
        ran.rate / CALLS_A_SECOND,
        0.92,
        f"{ran.rate:.0f} rows/s from the request to the downloaded result, aim 0.97; "
        f"while it calls {share:.2f}, {seconds:.1f} s; CPU ms a row: {ran.parts()}",
    )
    yield Figure(
        "refused calls when the limit is known, %",
        100 * refused / len(seen),
        2.0,
        f"{refused} of {len(seen)}, aim 0.5",
        above=False,
    )
