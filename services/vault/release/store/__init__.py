"""The statements of a batch of releases, and how keys stand in the key store at that moment."""
