"""The processor's contracts, one module per proto file: messages to values, no rules, no SQL."""
