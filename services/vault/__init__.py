"""The vault: the only holder of keys."""
