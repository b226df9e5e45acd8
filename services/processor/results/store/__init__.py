"""Finished rows and assemblies in Postgres. The rules stand one room up."""
