"""Rows, one after another: claim, prompt, call, seal, write. The job as a whole is in jobs."""
