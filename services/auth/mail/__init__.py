"""Mails: what they say, the queue they wait in, who sends them. When one is due is decided elsewhere."""
