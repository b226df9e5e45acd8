"""`smelt-ops`: backups, restores and drills. A program of its own, which no service imports."""
