"""The audit log: chained records, checkpoints, verification. It does not know what an event means."""
