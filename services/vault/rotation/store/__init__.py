"""SQL for rotations in the key store: locks, wrapped keys, epochs. The rules are in the folder above."""
