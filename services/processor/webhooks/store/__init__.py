"""Webhooks, deliveries and their queue in Postgres. The rules stand one room up."""
