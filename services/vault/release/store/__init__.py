"""SQL for a batch of releases, and the state of keys in the key store at that moment."""
