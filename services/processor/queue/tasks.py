"""The queues that carry work to workers, and the tasks in them, by name."""

#: The queues and the task in each, by the names that are stored in the database.
ROWS = "rows"
RUN_SHARD = "run_shard"
RESULTS = "results"
ASSEMBLE = "assemble"
#: Queued by a trigger (migration 0016) when an economy job ends before its batches.
END_BATCHES = "end_batches"
