"""The vault: every key of the installation, and nothing else. It reads no CSV and calls no provider."""
