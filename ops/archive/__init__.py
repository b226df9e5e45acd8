"""The archive: base backups, the log between them, and whether they are whole. Nothing is opened here."""
