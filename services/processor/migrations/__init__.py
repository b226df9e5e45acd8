"""Versions of the processor's database."""
