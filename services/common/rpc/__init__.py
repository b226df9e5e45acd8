"""gRPC as every service speaks it: ports, the guard, errors, streams. It knows no service."""
