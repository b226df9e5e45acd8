"""Data keys of files and jobs, and webhook secrets: made and opened for the services that may ask."""
