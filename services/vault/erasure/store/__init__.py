"""SQL for erasures in both databases. The rules are in the folder above."""
