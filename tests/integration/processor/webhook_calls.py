"""A person's calls about webhooks, and a way to make waiting messages due."""

import asyncio
import time
from pathlib import Path
from typing import Any

import psycopg
from smelt.processor.v1 import webhooks_pb2

from services.common.database import plain_url
from tests.integration.processor.suite import Person, Suite
from tests.support.patience import PATIENCE_SECONDS

Delivery = webhooks_pb2.WebhookDelivery


async def hook(person: Person, url: str, **more: Any) -> tuple[str, str]:
    """Store a webhook; return its name and its secret."""
    request = webhooks_pb2.CreateWebhookRequest(webhook=webhooks_pb2.Webhook(url=url, **more))
    made = await person.webhooks.CreateWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)
    return made.name, made.signing_secret


async def change(person: Person, name: str, **fields: Any) -> Any:
    request = webhooks_pb2.UpdateWebhookRequest(webhook=webhooks_pb2.Webhook(name=name, **fields))
    return await person.webhooks.UpdateWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)


async def rotate(person: Person, name: str, **more: Any) -> str:
    """Rotate the webhook's secret; return the new one."""
    request = webhooks_pb2.RotateWebhookSecretRequest(name=name, **more)
    made = await person.webhooks.RotateWebhookSecret(
        request, metadata=person.metadata, timeout=PATIENCE_SECONDS
    )
    return str(made.signing_secret)


async def test(person: Person, name: str) -> Any:
    request = webhooks_pb2.TestWebhookRequest(name=name)
    return await person.webhooks.TestWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)


async def get(person: Person, name: str) -> Any:
    request = webhooks_pb2.GetWebhookRequest(name=name)
    return await person.webhooks.GetWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)


async def remove(person: Person, name: str) -> None:
    request = webhooks_pb2.DeleteWebhookRequest(name=name)
    await person.webhooks.DeleteWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)


async def deliveries(person: Person, name: str, **more: Any) -> Any:
    request = webhooks_pb2.ListWebhookDeliveriesRequest(parent=name, **more)
    return await person.webhooks.ListWebhookDeliveries(
        request, metadata=person.metadata, timeout=PATIENCE_SECONDS
    )


async def delivery(person: Person, name: str) -> Any:
    request = webhooks_pb2.GetWebhookDeliveryRequest(name=name)
    return await person.webhooks.GetWebhookDelivery(
        request, metadata=person.metadata, timeout=PATIENCE_SECONDS
    )


async def again(person: Person, name: str) -> Any:
    request = webhooks_pb2.RedeliverWebhookDeliveryRequest(name=name)
    return await person.webhooks.RedeliverWebhookDelivery(
        request, metadata=person.metadata, timeout=PATIENCE_SECONDS
    )


async def tried(
    person: Person, name: str, attempts: int = 1, *, status: int | None = None, seconds: float = 20
) -> Any:
    """Return a delivery once this many attempts have ended, the last one with a status.

    While an attempt is under way, a delivery shows the outcome of the one before.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = await delivery(person, name)
        ended = found.state != Delivery.PENDING or found.reason
        if found.attempts >= attempts and ended and status in (None, found.status_code):
            return found
        assert time.monotonic() < deadline, f"still {found}"
        await asyncio.sleep(0.05)


def make_due(suite: Suite, name: str) -> None:
    """Make a waiting message due now."""
    url = plain_url(Path(suite.settings["SMELT_DATABASE_URL_FILE"]).read_text().strip())
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE webhook_delivery SET next_attempt_time = now() WHERE id = %s",
            (name.removeprefix("webhookDeliveries/"),),
        )
