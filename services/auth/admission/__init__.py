"""Whether a request may pass: session or access token in, passport or grant out. Nobody signs in here."""
