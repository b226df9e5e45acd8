"""gRPC as every service speaks it: ports, the guard, errors, streams. No service is known here."""
