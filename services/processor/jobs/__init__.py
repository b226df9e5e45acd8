"""The life of a job: planned, started, paused, resumed, watched. Its rows are worked on in rows."""
