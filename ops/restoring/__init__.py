"""From the archive back to data: what a moment needs, fetching, opening, recovering, putting in place."""
