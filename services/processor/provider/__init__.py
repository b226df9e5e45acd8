"""One call to a provider: address, request, answer, pace, failures. It knows neither jobs nor storage."""
