"""People's API keys: stored, listed, replaced, deleted. A key leaves the vault through release only."""
