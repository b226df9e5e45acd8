"""SQL for claims, shards and sealed answers. The rules are in the package above."""
