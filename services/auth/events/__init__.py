"""What happened to an account, for its owner: noted, kept, listed. The vault's audit log is another one."""
