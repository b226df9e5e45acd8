"""The contracts of the vault, one module a proto file: messages to values and back, no rules, no SQL."""
