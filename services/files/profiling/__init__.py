"""What the columns of a file hold: types, counts, quality. Nothing here reads CSV or stores anything."""
