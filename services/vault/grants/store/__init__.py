"""Rows of grants in Postgres: new ones, ended ones. The rules stand one room up."""
