"""Where backups are kept: a directory, or a bucket of any S3. What is kept there is not known here."""
