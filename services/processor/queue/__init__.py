"""The work queue's tasks: names, ends, the database's clock. What a task does stands elsewhere."""
