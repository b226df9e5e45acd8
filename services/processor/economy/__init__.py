"""Economy jobs: rows in batches at half the price. What is sent, where it is, and what came back; no calls."""
