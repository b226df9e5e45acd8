"""Ciphers, bindings, and secrets that can be wiped. Which key protects what is decided elsewhere."""
