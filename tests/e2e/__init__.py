"""Tests over HTTP only, against the whole embedded stack."""
