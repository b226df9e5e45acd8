"""Passwords: rules, hashing, the processes that hash. Whose password it is is not known here."""
