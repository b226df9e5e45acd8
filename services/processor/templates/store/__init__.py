"""Templates and variables in Postgres. The rules stand one room up."""
