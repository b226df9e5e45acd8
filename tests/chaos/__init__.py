"""Killing whatever can be killed while jobs run, and comparing what comes out with what the provider saw."""
