"""What a process sets for itself before it serves: memory, garbage collection, switching of threads."""
