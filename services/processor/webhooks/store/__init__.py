"""SQL for webhooks, deliveries and their queue. The rules are in the folder above."""
