"""CSV as bytes and as rows: encodings, dialects, faults, batches. No storage and no threads."""
