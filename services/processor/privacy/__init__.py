"""The personal data that the processor holds: the list, its export and its erasure."""
