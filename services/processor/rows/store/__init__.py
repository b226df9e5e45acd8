"""SQL for claims, shards and sealed answers. The rules are in the folder above."""
