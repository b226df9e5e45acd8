"""The contracts of auth, one module a proto file: messages to values and back, no rules, no SQL."""
