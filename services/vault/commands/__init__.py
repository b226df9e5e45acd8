"""Commands for operators: they call a running vault or work on its host, and contain no rules."""
