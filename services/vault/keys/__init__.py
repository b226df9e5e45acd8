"""The key hierarchy, stored and in memory: installation, wrapping key, account keys, own keys."""
