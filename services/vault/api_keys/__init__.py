"""People's API keys: stored, listed, replaced, deleted. The release room hands them out."""
