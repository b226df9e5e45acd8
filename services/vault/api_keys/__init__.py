"""People's API keys: stored, listed, replaced, deleted. How one leaves the vault stands in release."""
