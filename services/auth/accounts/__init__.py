"""Accounts and their e-mail addresses. Passwords and sessions have rooms of their own."""
