"""Clients of services that more than one service calls. They translate and decide nothing."""
