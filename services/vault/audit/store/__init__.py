"""SQL for the audit log: appending, pages, reading all of it. The chain is in the folder above."""
