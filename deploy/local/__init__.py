"""The embedded stack: every process of Smelt on this machine, on loopback, started by one launcher."""
