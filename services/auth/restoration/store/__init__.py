"""SQL for the history of auth's database. The rules are in the folder above."""
