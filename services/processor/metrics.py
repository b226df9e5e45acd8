"""Prometheus metrics of the processor; no label names a person."""

from prometheus_client import Counter, Gauge

JOBS_MOVED = Counter(
    "smelt_stuck_jobs_total",
    "Jobs that would never have moved again: what the workers did about each is in docs/jobs.md",
    ("how",),
)
JOBS_UNTOUCHED = Gauge(
    "smelt_untouched_jobs",
    "Jobs that should run and that no worker has had in work for ten minutes, as this worker last saw it",
)
