"""The work queue: names of tasks, their SQL. What a task does is elsewhere."""
