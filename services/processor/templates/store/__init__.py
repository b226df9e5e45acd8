"""SQL for templates and variables. The rules are in the package above."""
