"""Prompt templates, variables and answer schemas. Nothing here calls a provider."""
