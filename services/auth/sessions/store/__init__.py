"""Rows of sessions and devices in Postgres. The rules stand one room up."""
