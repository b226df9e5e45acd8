"""Passwords: rules, hashing, and the processes that hash. Accounts are not known here."""
