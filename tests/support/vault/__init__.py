"""One stand-in for the vault: what auth, files and the processor call of it, kept in memory."""
