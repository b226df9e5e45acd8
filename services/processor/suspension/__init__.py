"""What waits for its owner after the address was proved or the password reset: webhooks and running jobs."""
