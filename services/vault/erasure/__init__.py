"""Erasure that no restore undoes: the ledger, the ratchet, restoration, and the gate."""
