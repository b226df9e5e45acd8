"""Rotations in the key store: locks, wrapped keys, epochs. The rules are one room up."""
