"""Tests of the whole house."""

# Before anything imports gRPC: it says that gRPC shall keep out of forks.
import deploy.local  # noqa: F401
