"""Ciphers, bindings, and secrets that can be wiped. It does not decide which key protects what."""
