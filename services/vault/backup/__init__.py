"""Backups of the key store, encrypted under the root key. No other database is backed up here."""
