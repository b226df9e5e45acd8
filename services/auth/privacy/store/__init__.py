"""Rows of exports, deletions and their steps in Postgres. The rules stand one room up."""
