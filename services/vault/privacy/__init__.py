"""What the vault stores about people: the list, its export and its erasure. Keys are destroyed elsewhere."""
