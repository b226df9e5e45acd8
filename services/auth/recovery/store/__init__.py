"""Rows of mailed tokens and password changes in Postgres. The rules stand one room up."""
