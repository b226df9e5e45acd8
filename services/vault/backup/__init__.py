"""Backups of the key store, encrypted under the root key. It backs up no other database."""
