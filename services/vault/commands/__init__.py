"""Operator commands. They talk to a running vault or to the root key's file, and hold no rules."""
