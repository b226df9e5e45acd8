"""Errors about webhooks and their deliveries."""

from services.common.errors import DomainError, Kind


class WebhookNotFound(DomainError):
    reason = "WEBHOOK_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Webhook not found"


class WebhookInvalid(DomainError):
    reason = "WEBHOOK_INVALID"
    kind = Kind.INVALID
    message = "The webhook is not valid"


class WebhookDisabled(DomainError):
    reason = "WEBHOOK_DISABLED"
    kind = Kind.PRECONDITION
    message = "The webhook is switched off; switch it on first"


class WebhookUnconfirmed(DomainError):
    reason = "WEBHOOK_UNCONFIRMED"
    kind = Kind.PRECONDITION
    message = (
        "The webhook dates from before the account's address was proved or its password reset; "
        "check its address and confirm it (POST /v1/webhooks/ID:confirm)"
    )


class WebhookLimit(DomainError):
    reason = "WEBHOOK_LIMIT"
    kind = Kind.EXHAUSTED
    message = "The account has reached its webhook limit; delete a webhook first"


class WebhookDeliveryNotFound(DomainError):
    reason = "WEBHOOK_DELIVERY_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Webhook delivery not found"


class WebhookDeliveryPending(DomainError):
    reason = "WEBHOOK_DELIVERY_PENDING"
    kind = Kind.PRECONDITION
    message = "The message is already waiting to be sent"


class WebhookDeliveryLimit(DomainError):
    reason = "WEBHOOK_DELIVERY_LIMIT"
    kind = Kind.EXHAUSTED
    message = "Too many messages are waiting to be sent to this webhook; try again later"
