"""The audit log in Postgres: appending, pages, the whole log. The chain's rules stand one room up."""
