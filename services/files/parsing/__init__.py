"""Where a file is read: in a bounded pool of threads or a process. How it is read stands in reading."""
