"""Releases one API key for one provider call. Each release is decided and recorded before the key leaves."""
