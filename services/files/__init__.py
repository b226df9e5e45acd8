"""CSV files in, rows out: strict reading, encrypted storage, ranged access, result files."""
