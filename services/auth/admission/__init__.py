"""Whether a request may go on: session or access token in, passport or grant out. Nobody signs in here."""
