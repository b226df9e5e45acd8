"""A job's life: planned, started, paused, resumed, watched. Its rows are worked on in rows."""
