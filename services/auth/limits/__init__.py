"""Rate limits on attempts, counted in Postgres. The rooms that are limited choose the rates."""
