"""Benchmarks of the vault, one file for each figure."""
