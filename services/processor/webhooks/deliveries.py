"""Deliveries as owners see them: listed, tested, and sent again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.common.identity import Passport
from services.common.paging import Position
from services.processor.outside import RenewsWebhookGrants
from services.processor.webhooks.messages import TEST, Message

#: How many messages of one webhook may wait to be sent; further ones are recorded as failed and not sent. Too
#: low loses messages during a short outage of the receiver; too high fills the table for a receiver that is
#: gone.
MOST_WAITING = 100


class DeliveryState(StrEnum):
    """The state of a message."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and the state of its delivery."""

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
        """Queue a test message; raise WebhookDisabled or WebhookDeliveryLimit."""
        ...

    async def redeliver(self, account: str, id_: str) -> None:
        """Queue a message again; raise WebhookDeliveryPending, WebhookDisabled or WebhookDeliveryLimit."""
        ...


class Deliveries:
    """Lists deliveries and queues new ones; workers send them."""

    def __init__(
        self,
        store: Store,
        *,
        grants: RenewsWebhookGrants,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._grants = grants
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
        """Send a test message to a webhook; raise as the store's `add_test` does."""
        await self._grants.renew(person)
        message = Message(self._new_id(), webhook, TEST, self._now())
        await self._store.add_test(person.account, webhook, message)
        return await self._store.get(person.account, message.id)

    async def redeliver(self, person: Passport, id_: str) -> Delivery:
        """Send a message again; raise as the store's `redeliver` does."""
        await self._grants.renew(person)
        await self._store.redeliver(person.account, id_)
        return await self._store.get(person.account, id_)
