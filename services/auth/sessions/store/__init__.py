"""SQL for sessions and devices. The rules are in the folder above."""
