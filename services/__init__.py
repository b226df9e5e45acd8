"""The services of Smelt and what they share."""

import os

# Before anything imports gRPC, whose core writes lines of its own to stderr, which no reader of our logs
# understands. What they are about, our own lines say. An operator who looks for a fault can ask for them.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
