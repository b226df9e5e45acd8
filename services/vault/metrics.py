"""Metrics of the vault that are worth an alert. No label names a person."""

from prometheus_client import Counter, Gauge

CHECKPOINT_TIME = Gauge(
    "smelt_vault_checkpoint_timestamp_seconds", "When the last checkpoint of the audit log was written"
)
CHECKPOINT_FAILURES = Counter(
    "smelt_vault_checkpoint_failures_total", "Checkpoints of the audit log that could not be written"
)
BRAKE_REFUSALS = Counter(
    "smelt_vault_release_brake_refusals_total", "Releases refused because too many new grants came at once"
)
DAMAGED = Counter(
    "smelt_vault_does_not_open_total",
    "Stored keys and data keys that did not open because they were altered or put back",
)
