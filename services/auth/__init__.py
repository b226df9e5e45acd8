"""The auth service: people, sessions, and whether a request may go on. It holds no key and no file."""
