"""The life of a job: planned, started, paused, resumed, watched. Workers process its rows in rows."""
