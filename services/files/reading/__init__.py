"""CSV as bytes and as rows: encodings, dialects, faults, batches. No file, no thread and no storage."""
