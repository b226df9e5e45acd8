"""Providers that refuse, break, crawl or are away: what a job loses by it, beside the same job without."""

import json
import threading
from collections.abc import Iterator
from typing import Any

from tests.bench.figures import Figure
from tests.bench.jobs.site import Ran, Site

ROWS = 300
PARALLEL = 64
LATENCY_MS = 50
WAIT_SECONDS = 4.0
OUTAGE_SECONDS = 20.0
DAY_ROWS, DAY_PARALLEL = 60, 5


def run(site: Site) -> Iterator[Figure]:
    """Measure each fault beside the same job on a provider without it."""
    plain = _ran(site, "gpt-4.1-nano")
    yield from _stray(site, plain)
    yield _daily(site)
    yield _too_large(site, plain)
    yield _outage(site)
    yield _recovered(site)


def _ran(
    site: Site,
    model: str,
    *rules: dict[str, Any],
    rows: int = ROWS,
    failed: int = 0,
    parallel: int = PARALLEL,
) -> Ran:
    site.provider.reset()
    site.provider.script(*rules, latency_ms=LATENCY_MS)
    return site.run(rows, parallel, model, failed=failed)


def _stray(site: Site, plain: Ran) -> Iterator[Figure]:
    rule = {"action": "status", "status": 429, "retry_after": WAIT_SECONDS, "share": 0.2, "first": 1}
    ran = _ran(site, "gpt-4.1", rule)
    seen = site.provider.requests()
    refused = [each for each in seen if each["status"] == 429]
    early = sum(
        each["prompt"] == waits["prompt"] and 0 < each["received"] - waits["ended"] < WAIT_SECONDS
        for waits in refused
        for each in seen
    )
    ideal = plain.seconds + WAIT_SECONDS
    yield Figure(
        "stray 429s: seconds beside those without them and one wait",
        ran.seconds / ideal,
        3.0,
        f"{len(refused)} of {ROWS} rows: {ran.seconds:.1f} s, ideal {ideal:.1f} s",
        above=False,
    )
    yield Figure("early retries after Retry-After", early, 0, f"{len(seen)} calls", above=False)


def _daily(site: Site) -> Figure:
    content = json.dumps(
        {
            "choices": [{"message": {"content": "A hook, long enough"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 9},
        }
    )
    told = {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "8.64s",
    }
    rule: dict[str, Any] = {"action": "raw", "status": 200, "content": content}
    plain = _ran(site, "gpt-4o-2024-05-13", rule, rows=DAY_ROWS, parallel=DAY_PARALLEL)
    ran = _ran(site, "gpt-4o-2024-08-06", rule | {"headers": told}, rows=DAY_ROWS, parallel=DAY_PARALLEL)
    return Figure(
        "daily headers: seconds beside those without headers",
        ran.seconds / plain.seconds,
        2.0,
        f"{DAY_ROWS} rows, {DAY_PARALLEL} calls: {ran.seconds:.1f} s, without {plain.seconds:.1f} s",
        above=False,
    )


def _too_large(site: Site, plain: Ran) -> Figure:
    message = "Request too large for m on tokens per min (TPM): Limit 30000, Requested 41234."
    body = json.dumps({"error": {"message": message, "code": "rate_limit_exceeded"}})
    rules = [
        {"action": "raw", "status": 429, "content": body, "contains": f"row {number}."}
        for number in (7, 107, 207)
    ]
    ran = _ran(site, "gpt-4-turbo", *rules, failed=3)
    calls = site.provider.summary()["total"]
    return Figure(
        "too large for ever: seconds beside those without such rows",
        ran.seconds / plain.seconds,
        1.3,
        f"3 of {ROWS} rows: {ran.seconds:.2f} s, without {plain.seconds:.2f} s, {calls} calls",
        above=False,
    )


def _outage(site: Site) -> Figure:
    plain = _ran(site, "gpt-4o-2024-11-20", parallel=5)
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS)
    away: dict[str, Any] = {"action": "status", "status": 503}
    begins = threading.Timer(0.5, site.provider.script, args=(away,), kwargs={"latency_ms": LATENCY_MS})
    ends = threading.Timer(0.5 + OUTAGE_SECONDS, site.provider.script, kwargs={"latency_ms": LATENCY_MS})
    for timer in (begins, ends):
        timer.start()
    ran = site.run(ROWS, 5, "gpt-4o-2024-11-20")
    tries = sum(each["status"] == 503 for each in site.provider.requests())
    lost = ran.seconds - plain.seconds
    return Figure(
        f"outage of {OUTAGE_SECONDS:g} s: seconds lost beyond it",
        lost - OUTAGE_SECONDS,
        10.0,
        f"{ran.seconds:.1f} s, without {plain.seconds:.1f} s, {tries} calls while it was away",
        above=False,
    )


def _recovered(site: Site) -> Figure:
    rules = [
        {"action": action, "share": share, "first": 1}
        for action, share in (("not_json", 0.05), ("empty_choices", 0.05), ("cut_off", 0.02))
    ]
    ran = _ran(site, "gpt-4.1-mini", *rules, rows=600)
    broken = sum(each["action"] is not None for each in site.provider.requests())
    succeeded = int(ran.job["request_counts"]["succeeded"])
    recovered = (broken - (600 - succeeded)) / broken
    return Figure(
        "malformed, empty and cut 200s recovered",
        recovered,
        1.0,
        f"{broken} broken answers, {succeeded} of 600 rows succeeded",
    )
