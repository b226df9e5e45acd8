"""Tests of the whole house."""

# Before anything imports gRPC: it tells gRPC to keep out of forks.
import deploy.local  # noqa: F401
