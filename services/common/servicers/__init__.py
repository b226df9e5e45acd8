"""Contracts that more than one service serves: messages to values and back, no rules and no SQL."""
