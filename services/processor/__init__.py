"""The processor: templates, jobs, rows, results. It holds no key; the vault lends one for each call."""
