"""Keeps auth from serving a database that came back from the past; what buries is `ops.aftermath`."""
