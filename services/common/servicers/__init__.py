"""Contracts that more than one service serves: messages to values and back, no rules, no SQL."""
