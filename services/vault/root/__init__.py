"""The root key: where it comes from and how it is written down. What it protects is in keys."""
