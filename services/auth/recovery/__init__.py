"""Ways back in without a session: reset and sign-in links, and changes of a password."""
