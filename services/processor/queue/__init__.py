"""The work queue: names of tasks, their SQL, the database's clock. What a task does is elsewhere."""
