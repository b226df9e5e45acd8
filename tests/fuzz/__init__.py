"""A fuzzer for the whole stack: bytes that no honest client sends, and what every answer must be all the same."""
