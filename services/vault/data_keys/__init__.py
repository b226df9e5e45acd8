"""Data keys of files and jobs, and webhook secrets: created and opened for the services that may ask."""
