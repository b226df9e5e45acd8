"""The audit log in Postgres: appending, pages, the whole log. The chain's rules are one room up."""
