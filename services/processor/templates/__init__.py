"""Prompt templates, variables and answer schemas. Nothing here is sent to a provider."""
