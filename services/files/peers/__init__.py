"""Clients of the services that files calls, one module each. They translate and decide nothing."""
