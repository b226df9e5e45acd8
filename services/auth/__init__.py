"""The auth service: accounts, sessions, and whether a request may pass. It holds no key and no file."""
