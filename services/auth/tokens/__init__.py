"""Access tokens for scripts: created, listed, deleted. Admission checks them on each request."""
