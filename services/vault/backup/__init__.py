"""Backups of the key store, encrypted under the root key. Other databases are not backed up here."""
