"""Clients of the services that the processor calls, one module each. They translate and decide nothing."""
