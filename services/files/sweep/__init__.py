"""Removes expired files, orphaned objects and broken uploads. What expires when is a setting."""
