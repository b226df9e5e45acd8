"""Tests of the whole house."""

# Set before anything imports gRPC: gRPC must not handle forks.
import deploy.local  # noqa: F401
