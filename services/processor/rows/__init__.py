"""The rows of a shard: claim, prompt, call, seal, write. The job as a whole is in jobs."""
