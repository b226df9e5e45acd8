"""The processor: templates, jobs, rows, results. It stores no API key; the vault releases one per call."""
