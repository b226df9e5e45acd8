"""Prometheus metrics of the processor; no label names a person."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

JOBS_MOVED = Counter(
    "smelt_stuck_jobs_total",
    "Jobs that would never have moved again: what the workers did about each is in docs/jobs.md",
    ("how",),
)
JOBS_UNTOUCHED = Gauge(
    "smelt_untouched_jobs",
    "Jobs that should run and that no worker has had in work for ten minutes, as this worker last saw it",
)

SHARDS_WAITING = Gauge("smelt_shards_waiting", "Shards of running jobs that no worker holds")
SHARDS_RUNNING = Gauge("smelt_shards_running", "Shards that a worker holds")
LIVE_JOBS = Gauge("smelt_live_jobs", "Jobs that have not ended, by state", ("state",))
OLDEST_PENDING_SECONDS = Gauge(
    "smelt_oldest_pending_job_seconds", "Age of the oldest job that no worker has begun; 0 without one"
)
WEBHOOKS_DUE = Gauge("smelt_webhooks_due", "Messages to webhooks whose time has come")

ROWS = Counter("smelt_rows_total", "Rows whose result is durable, by outcome", ("outcome",))
CALLS_IN_FLIGHT = Gauge("smelt_provider_calls_in_flight", "Calls to providers under way")
CALL_SECONDS = Histogram(
    "smelt_provider_call_seconds",
    "Duration of calls to providers, by what came of them",
    ("outcome",),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300),
)


@dataclass(slots=True)
class TimedCall:
    """A call under way; what came of it is set by who makes it."""

    outcome: str = "broken off"


@contextmanager
def timed_call() -> Iterator[TimedCall]:
    """Count a call to a provider while it is under way, and its duration afterwards."""
    call, started = TimedCall(), time.perf_counter()
    with CALLS_IN_FLIGHT.track_inprogress():
        try:
            yield call
        finally:
            CALL_SECONDS.labels(call.outcome).observe(time.perf_counter() - started)
