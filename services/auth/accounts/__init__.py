"""Accounts and their e-mail addresses. Passwords and sessions have their own rooms."""
