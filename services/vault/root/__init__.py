"""The root key: where it comes from, how it is written down. What it protects stands in keys."""
