"""How often something may be tried, counted in Postgres. What is limited is named by the rooms that ask."""
