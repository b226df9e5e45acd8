"""Statements and tables that more than one service has, and migrations. No service's own tables."""
