"""A fuzzer for the whole stack: it sends bytes that no honest client sends, and judges every answer."""
