"""Jobs in Postgres. The rules stand one room up."""
