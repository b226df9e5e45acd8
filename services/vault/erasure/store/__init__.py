"""Rows of erasures in both databases. The rules stand one room up."""
