"""SQL for mailed tokens and password changes. The rules are in the folder above."""
