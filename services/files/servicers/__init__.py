"""The contracts of files, one module for each: messages to values and back, no rules and no SQL."""
