"""A provider that asks clients to wait, and one whose answers are broken."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.site import Site

ROWS = 600
PARALLEL = 64
WAIT_SECONDS = 2.0
#: Calls already on their way when the provider sends the refusal do not count as early.
ON_THE_WAY_SECONDS = 0.03


def run(site: Site) -> Iterator[Figure]:
    """Count calls that come before `Retry-After` has passed, and broken answers that end in a result."""
    yield _early(site)
    yield _recovered(site)


def _early(site: Site) -> Figure:
    site.provider.reset()
    site.provider.script(
        {
            "action": "status",
            "status": 429,
            "retry_after": WAIT_SECONDS,
            "share": 0.2,
            "first": 1,
            "at_most": 6,
        },
        latency_ms=20,
    )
    site.run(ROWS, PARALLEL, "gpt-4.1")
    seen = site.provider.requests()
    waits = [each["ended"] for each in seen if each["status"] == 429]
    early = sum(
        any(ON_THE_WAY_SECONDS < each["received"] - ended < WAIT_SECONDS for ended in waits) for each in seen
    )
    detail = f"{len(waits)} times told to wait {WAIT_SECONDS:g} s, {len(seen)} calls"
    return Figure("early retries after Retry-After", early, 0, detail, above=False)


def _recovered(site: Site) -> Figure:
    site.provider.reset()
    site.provider.script(
        *(
            {"action": action, "share": share, "first": 1}
            for action, share in (("not_json", 0.05), ("empty_choices", 0.05), ("cut_off", 0.02))
        ),
        latency_ms=20,
    )
    ran = site.run(ROWS, PARALLEL, "gpt-4.1-mini")
    broken = sum(each["action"] is not None for each in site.provider.requests())
    succeeded = int(ran.job["request_counts"]["succeeded"])
    recovered = (broken - (ROWS - succeeded)) / broken
    return Figure(
        "malformed, empty and cut 200s recovered",
        recovered,
        1.0,
        f"{broken} broken answers, {succeeded} of {ROWS} rows succeeded",
    )
