"""May this request go on: session or access token in, passport or grant out. Nothing here signs in."""
