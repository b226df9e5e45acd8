"""The `smelt` command over the SDK. What it prints and asks is here; what it sends is built by the SDK."""

from .app import main

__all__ = ["main"]
