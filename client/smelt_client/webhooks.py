"""Webhooks: the addresses that receive messages about jobs, and the deliveries to them."""

from __future__ import annotations

from collections.abc import Sequence

from .call import Call, ResourceName, deleting, getting, given, listing, named, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import NewSecret, Page, Webhook, WebhookDelivery


def create_webhook(
    url: str, *, events: Sequence[str] | None = None, display_name: str | None = None
) -> Call[NewSecret]:
    """Create a webhook. The response contains its secret, so the call is never sent twice."""
    body = {"url": url, **given(events=events and list(events), display_name=display_name)}
    return Call("POST", "/v1/webhooks", reading(NewSecret), body=body)


def list_webhooks(*, page_size: int | None = None) -> Call[Page[Webhook]]:
    """Iterate over all webhooks."""
    return listing(Webhook, "webhooks", "webhooks", page_size=page_size)


def get_webhook(name: ResourceName) -> Call[Webhook]:
    """Return a webhook."""
    return getting(Webhook, "webhooks", name)


def update_webhook(
    name: ResourceName,
    *,
    url: str | None = None,
    events: Sequence[str] | None = None,
    display_name: str | None = None,
    enabled: bool | None = None,
) -> Call[Webhook]:
    """Change the given fields of a webhook and keep the others."""
    path = f"/v1/{named('webhooks', name)}"
    body = given(
        url=url,
        events=list(events) if events is not None else None,
        display_name=display_name,
        enabled=enabled,
    )
    return Call(
        "PATCH",
        path,
        reading(Webhook),
        params={"update_mask": ",".join(body)} if body else {},
        body=body,
    )


def confirm_webhook(name: ResourceName) -> Call[Webhook]:
    """Enable a webhook that is `UNCONFIRMED`: check its URL first."""
    path = f"/v1/{named('webhooks', name)}:confirm"
    return Call("POST", path, reading(Webhook), body={}, repeatable=True)


def delete_webhook(name: ResourceName) -> Call[None]:
    """Delete a webhook and its deliveries."""
    return deleting("webhooks", name)


def rotate_webhook_secret(name: ResourceName, *, overlap_hours: int | None = None) -> Call[NewSecret]:
    """Create a new secret. Messages are also signed with the old one for `overlap_hours`, 24 by default."""
    path = f"/v1/{named('webhooks', name)}:rotateSecret"
    return Call("POST", path, reading(NewSecret), body=given(overlap_hours=overlap_hours))


def try_webhook(name: ResourceName) -> Call[WebhookDelivery]:
    """Send a test message. Call `delivery` for the outcome."""
    path = f"/v1/{named('webhooks', name)}:test"
    return Call("POST", path, reading(WebhookDelivery), body={})


def list_deliveries(name: ResourceName, *, page_size: int | None = None) -> Call[Page[WebhookDelivery]]:
    """Iterate over a webhook's deliveries, newest first."""
    return listing(
        WebhookDelivery, f"{named('webhooks', name)}/deliveries", "deliveries", page_size=page_size
    )


def get_delivery(name: ResourceName) -> Call[WebhookDelivery]:
    """Return one delivery."""
    path = f"/v1/{named('webhookDeliveries', name)}"
    return Call("GET", path, reading(WebhookDelivery))


def redeliver(name: ResourceName) -> Call[WebhookDelivery]:
    """Send a message again, under the same id."""
    path = f"/v1/{named('webhookDeliveries', name)}:redeliver"
    return Call("POST", path, reading(WebhookDelivery), body={})


class Webhooks(Resource):
    """Webhooks."""

    create = blocking(create_webhook)
    list = paging(list_webhooks)
    get = blocking(get_webhook)
    update = blocking(update_webhook)
    confirm = blocking(confirm_webhook)
    delete = blocking(delete_webhook)
    rotate_secret = blocking(rotate_webhook_secret)
    test = blocking(try_webhook)
    deliveries = paging(list_deliveries)
    delivery = blocking(get_delivery)
    redeliver = blocking(redeliver)


class AsyncWebhooks(AsyncResource):
    """Webhooks."""

    create = awaiting(create_webhook)
    list = async_paging(list_webhooks)
    get = awaiting(get_webhook)
    update = awaiting(update_webhook)
    confirm = awaiting(confirm_webhook)
    delete = awaiting(delete_webhook)
    rotate_secret = awaiting(rotate_webhook_secret)
    test = awaiting(try_webhook)
    deliveries = async_paging(list_deliveries)
    delivery = awaiting(get_delivery)
    redeliver = awaiting(redeliver)
