"""Mails: their text, their queue, their senders. Other rooms decide when a mail is due."""
