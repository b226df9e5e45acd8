"""Claims, shards and sealed answers in Postgres. The rules stand one room up."""
