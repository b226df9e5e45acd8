"""Mails: their text, their queue, their senders. Other rooms decide what is sent, and when."""
