"""Usage, tokens and money, and the limits of plans. Prices come from a table."""
