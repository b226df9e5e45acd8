"""Rows of files and of their parses in Postgres. The rules stand one room up."""
