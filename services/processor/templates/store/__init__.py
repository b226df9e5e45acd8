"""SQL for templates and variables. The rules are in the folder above."""
