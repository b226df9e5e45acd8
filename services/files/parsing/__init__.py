"""Where files are read: a bounded pool of threads, or a child process. Reading itself is in reading."""
