"""What the processor holds of people: the list, its export and its erasure."""
