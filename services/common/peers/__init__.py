"""Clients of services that several services call. They translate and decide nothing."""
