"""Usage of tokens and money against a plan's limits. Prices come from a table."""
