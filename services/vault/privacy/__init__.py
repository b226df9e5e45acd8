"""The personal data that the vault holds: the list and its export. Erasure has its own room."""
