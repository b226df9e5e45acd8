"""Removes expired files, orphaned objects and abandoned uploads. Settings say what expires when."""
