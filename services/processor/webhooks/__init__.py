"""Messages to people's webhooks: queued with what they tell, signed by the vault, posted, retried."""
