"""SQL for webhooks, deliveries and their queue. The rules are in the package above."""
