"""People and their sessions: who has an account, who is signed in, and what may go on without them."""
