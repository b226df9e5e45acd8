"""The personal data that files holds: the list, its export and its erasure."""
