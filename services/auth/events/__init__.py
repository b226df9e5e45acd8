"""Security events of an account, for its owner to read. The vault keeps a separate audit log."""
