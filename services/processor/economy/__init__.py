"""Economy jobs: which rows go in a batch at the provider, how far it is, and what came back of it."""
