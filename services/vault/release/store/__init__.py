"""The statements of a batch of releases, and what the key store says of keys at that moment."""
