"""Messages to people's webhooks: queued, signed by the vault, posted, and retried."""
