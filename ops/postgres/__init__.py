"""Postgres' own programs, its names for pieces of the log, and private servers on restored data."""
