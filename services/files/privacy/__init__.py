"""What files holds of people: the list, its export and its erasure."""
