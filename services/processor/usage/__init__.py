"""Tokens, money and limits of a plan: counted and asked for. Prices come from a table."""
