"""One call to a provider: address, request, answer, pace, failures. No job, no row and no storage."""
