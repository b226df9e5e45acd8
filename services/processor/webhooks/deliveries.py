"""Deliveries as owners see them: listed, tried, and sent once more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.common.identity import Passport
from services.common.paging import Position
from services.processor.webhooks.messages import TEST, Message

#: So many messages of one webhook may wait to be sent; what happens beyond that is noted and not sent.
MOST_WAITING = 100


class DeliveryState(StrEnum):
    """Where a message is."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and how far it is."""

    message: Message
    state: DeliveryState
    attempts: int
    status_code: int
    reason: str
    last_attempt_time: datetime | None
    next_attempt_time: datetime | None


class Store(Protocol):
    """Where deliveries are kept; raises WebhookNotFound or WebhookDeliveryNotFound."""

    async def page(
        self, account: str, webhook: str, after: Position | None, count: int
    ) -> list[Delivery]: ...

    async def get(self, account: str, id_: str) -> Delivery: ...

    async def add_test(self, account: str, webhook: str, message: Message) -> None:
        """Put a test into the queue; raise WebhookDisabled or WebhookDeliveryLimit."""
        ...

    async def redeliver(self, account: str, id_: str) -> None:
        """Put a message back; raise WebhookDeliveryPending, WebhookDisabled or WebhookDeliveryLimit."""
        ...


class Deliveries:
    """Lists deliveries and asks for new ones; workers send them."""

    def __init__(self, store: Store, *, new_id: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._store = store
        self._new_id = new_id
        self._now = now

    async def page(
        self, person: Passport, webhook: str, after: Position | None, count: int
    ) -> list[Delivery]:
        """Return a webhook's deliveries, newest first; raise WebhookNotFound."""
        return await self._store.page(person.account, webhook, after, count)

    async def get(self, person: Passport, id_: str) -> Delivery:
        """Return a delivery; raise WebhookDeliveryNotFound."""
        return await self._store.get(person.account, id_)

    async def test(self, person: Passport, webhook: str) -> Delivery:
        """Send a test to a webhook; raise as the store's `add_test` does."""
        message = Message(self._new_id(), webhook, TEST, self._now())
        await self._store.add_test(person.account, webhook, message)
        return await self._store.get(person.account, message.id)

    async def redeliver(self, person: Passport, id_: str) -> Delivery:
        """Send a message once more; raise as the store's `redeliver` does."""
        await self._store.redeliver(person.account, id_)
        return await self._store.get(person.account, id_)
