"""The vault keeps every key of the installation. It reads no CSV and calls no provider."""
