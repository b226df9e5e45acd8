"""SQL for files and their parses. The rules are in the folder above."""
