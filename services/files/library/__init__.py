"""People's files: uploads, parses, rows, names, retention. Nothing here reads CSV or encrypts by itself."""
