"""What the vault holds of people: the list and its export. Erasure has a room of its own."""
