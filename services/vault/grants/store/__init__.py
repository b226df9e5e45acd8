"""Rows of grants in Postgres, new and revoked. The rules are one room up."""
