"""Destroying an account's key so that no restore brings it back: ledger, ratchet, restoration, gate."""
