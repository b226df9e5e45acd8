"""SQL of batches. The rules are in the package above."""
