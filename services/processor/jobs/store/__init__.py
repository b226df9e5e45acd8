"""SQL for jobs. The rules are in the folder above."""
