"""Clients of the services that auth calls, one module each. They translate and decide nothing."""
