"""The audit log: chained records, checkpoints, verification. What an event means is not known here."""
