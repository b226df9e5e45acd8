"""Trials before a job: a template on a few rows, an API key, an estimate of tokens and cost."""
