"""Kills every process in turn while jobs run, and compares the results with what the provider saw."""
