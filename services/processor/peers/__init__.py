"""Clients of the services that the processor calls, one module each. They decide nothing."""
