"""Releasing an API key for one provider call: decided and recorded in batches before it leaves."""
