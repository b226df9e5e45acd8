"""The embedded stack: every process of Smelt on this machine, on loopback, started by one launcher."""

import os

# Children are other programs, and one that runs as another user is forked the slow way. gRPC's fork handlers,
# made for children that keep using gRPC, crash about one in a hundred of them. gRPC reads this at import.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
