"""One call to a provider: address, request, answer, pace, failures. It knows no job and no storage."""
