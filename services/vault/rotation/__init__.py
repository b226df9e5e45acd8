"""Replaces root, wrapping and account keys while everything stays readable."""
