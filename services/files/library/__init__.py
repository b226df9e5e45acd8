"""People's files: uploads, parses, rows, names, retention. Reading CSV and encrypting are elsewhere."""
