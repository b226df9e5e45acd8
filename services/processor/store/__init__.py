"""Everything that the processor keeps in Postgres."""
