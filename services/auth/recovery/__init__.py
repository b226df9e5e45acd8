"""Ways back in without a session: password reset, sign-in links, password changes."""
