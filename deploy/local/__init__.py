"""The embedded stack: every process of Smelt on this machine, on loopback, started by one launcher."""

import os

# Children are other programs, and those that run as another user are forked by the slow way. What gRPC does
# at a fork, for children that go on with it, crashes one in some hundred. It reads this when it is imported.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
