"""SQL for exports, deletions and their steps. The rules are in the folder above."""
