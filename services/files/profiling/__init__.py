"""What the columns of a file hold: types, counts, quality. It reads no CSV and stores nothing."""
