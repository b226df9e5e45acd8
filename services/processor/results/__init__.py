"""Finished rows for people: pages, result files, downloads. Nothing here sends a prompt."""
