"""The key hierarchy at rest and in memory: installation, wrapping key, account keys, own keys."""
