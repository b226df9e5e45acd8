"""One row after the other: claim, prompt, call, seal, write. Jobs as a whole stand in jobs."""
