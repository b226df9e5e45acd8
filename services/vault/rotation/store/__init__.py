"""Rotations in the key store: locks, wrapped keys, epochs. The rules stand one room up."""
