"""Auth's contracts, one module per proto file: messages to values and back, no rules, no SQL."""
