"""People's webhooks: where messages about jobs go, and the secrets that sign them."""

import base64
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from services.common.identity import Passport
from services.common.lines import is_line
from services.common.paging import Position
from services.processor.outside import Proof, RenewsWebhookGrants, as_person
from services.processor.templates.errors import UpdateMaskInvalid
from services.processor.webhooks.errors import WebhookInvalid, WebhookUnconfirmed

#: The most webhooks of an account. Each gets every message, so more multiply what a worker has to send.
MOST_WEBHOOKS = 10
#: The events of a job, one for each state that a webhook can be told about.
EVENTS = ("job.completed", "job.failed", "job.cancelled", "job.paused")
#: How long messages are also signed with the older secret, unless the owner says otherwise. Too short, and
#: receivers refuse messages before they know the new secret; too long keeps a leaked secret valid.
OVERLAP_HOURS = 24
BY_OWNER = "OWNER"
#: Switched off because it dates from before the account's address was proved or its password reset.
UNCONFIRMED = "UNCONFIRMED"
_CHANGEABLE = frozenset({"display_name", "url", "events", "enabled"})


@dataclass(frozen=True, slots=True)
class WebhookFields:
    """The fields of a webhook that its owner sets."""

    display_name: str
    url: str
    events: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True, slots=True)
class Webhook:
    """A stored webhook."""

    id: str
    account: str
    fields: WebhookFields
    disabled_reason: str
    create_time: datetime
    update_time: datetime

    @property
    def name(self) -> str:
        """The resource name."""
        return f"webhooks/{self.id}"


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A new secret: its plaintext, which the owner sees once, and the form that is stored."""

    shown: bytes
    wrapped: bytes


class Store(Protocol):
    """Where webhooks are kept; all but `add` raise WebhookNotFound.

    What changes a webhook raises Unauthenticated for a passport from before the account's last suspension.
    """

    async def add(self, person: Passport, webhook: Webhook, wrapped_secret: bytes) -> None:
        """Store a webhook with its first secret; raise WebhookLimit."""
        ...

    async def get(self, account: str, id_: str) -> Webhook: ...
    async def page(self, account: str, after: Position | None, count: int) -> list[Webhook]: ...
    async def replace(self, person: Passport, webhook: Webhook) -> None: ...
    async def remove(self, account: str, id_: str) -> None: ...
    async def newest_secret(self, account: str, id_: str) -> int: ...

    async def rotate(
        self, person: Passport, id_: str, *, generation: int, wrapped: bytes, older_until: datetime
    ) -> None:
        """Store the next secret; raise WebhookInvalid if another one already has its generation."""
        ...


class Vault(Protocol):
    """Makes secrets, and records changes of webhooks in the audit log."""

    async def create_secret(self, webhook: str, generation: int, proof: Proof) -> NewSecret: ...
    async def record_change(self, webhook: str, proof: Proof, *, deleted: bool) -> None: ...


class Addresses(Protocol):
    """Knows where messages may go."""

    def webhook_url(self, url: str) -> str:
        """Return a URL in its one spelling; raise WebhookUrlNotAllowed."""
        ...


class Webhooks:
    """Creates, finds, changes and removes webhooks."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        grants: RenewsWebhookGrants,
        addresses: Addresses,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._vault = vault
        self._grants = grants
        self._addresses = addresses
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, fields: WebhookFields) -> tuple[Webhook, str]:
        """Store a webhook; return it and its secret, which is shown once.

        Raises WebhookInvalid, WebhookUrlNotAllowed or WebhookLimit.
        """
        now, id_ = self._now(), self._new_id()
        webhook = Webhook(id_, person.account, self._checked(fields), "", create_time=now, update_time=now)
        webhook = replace(webhook, disabled_reason="" if fields.enabled else BY_OWNER)
        await self._grants.renew(person)
        secret = await self._vault.create_secret(webhook.name, 1, as_person(person))
        await self._store.add(person, webhook, secret.wrapped)
        return webhook, shown(secret.shown)

    async def get(self, person: Passport, id_: str) -> Webhook:
        """Return a webhook; raise WebhookNotFound."""
        return await self._store.get(person.account, id_)

    async def page(self, person: Passport, after: Position | None, count: int) -> list[Webhook]:
        """Return the person's webhooks, newest first."""
        return await self._store.page(person.account, after, count)

    async def update(
        self, person: Passport, id_: str, new: WebhookFields, *, given: Collection[str], mask: Sequence[str]
    ) -> Webhook:
        """Change the fields that the mask names or, without a mask, those given.

        Raises what `create` raises, and WebhookUnconfirmed if it would switch on one that waits for
        `confirm`.
        """
        old = await self._store.get(person.account, id_)
        names = set(mask) or set(given) & _CHANGEABLE
        if not names <= _CHANGEABLE:
            raise UpdateMaskInvalid
        fields = self._checked(replace(old.fields, **{name: getattr(new, name) for name in names}))
        reason = old.disabled_reason
        if "enabled" in names:
            if fields.enabled and reason == UNCONFIRMED:
                raise WebhookUnconfirmed
            reason = "" if fields.enabled else reason or BY_OWNER
        changed = replace(old, fields=fields, disabled_reason=reason, update_time=self._now())
        await self._change(person, changed)
        return changed

    async def confirm(self, person: Passport, id_: str) -> Webhook:
        """Switch a webhook on again that was switched off by a suspension; leave any other as it is.

        Raises WebhookNotFound, or WebhookUrlNotAllowed.
        """
        old = await self._store.get(person.account, id_)
        if old.disabled_reason != UNCONFIRMED:
            return old
        fields = self._checked(replace(old.fields, enabled=True))
        changed = replace(old, fields=fields, disabled_reason="", update_time=self._now())
        await self._change(person, changed)
        return changed

    async def remove(self, person: Passport, id_: str) -> None:
        """Remove a webhook; raise WebhookNotFound."""
        webhook = await self._store.get(person.account, id_)
        await self._vault.record_change(webhook.name, as_person(person), deleted=True)
        await self._store.remove(person.account, id_)

    async def rotate(self, person: Passport, id_: str, *, overlap_hours: int) -> tuple[Webhook, str]:
        """Give a webhook a new secret; return the webhook and the secret; raise WebhookNotFound."""
        webhook = await self._store.get(person.account, id_)
        generation = await self._store.newest_secret(person.account, id_) + 1
        secret = await self._vault.create_secret(webhook.name, generation, as_person(person))
        await self._store.rotate(
            person,
            id_,
            generation=generation,
            wrapped=secret.wrapped,
            older_until=self._now() + timedelta(hours=overlap_hours),
        )
        return webhook, shown(secret.shown)

    async def _change(self, person: Passport, changed: Webhook) -> None:
        if changed.fields.enabled:
            await self._grants.renew(person)
        # Recorded first: a message that goes to an unrecorded address could not be called back.
        await self._vault.record_change(changed.name, as_person(person), deleted=False)
        await self._store.replace(person, changed)

    def _checked(self, fields: WebhookFields) -> WebhookFields:
        if not is_line(fields.display_name):
            raise WebhookInvalid(violations=[("display_name", "must be one line")])
        if unknown := [each for each in fields.events if each not in EVENTS]:
            raise WebhookInvalid(violations=[("events", f"{unknown[0]!r} is not one of {', '.join(EVENTS)}")])
        if not fields.url:
            raise WebhookInvalid(violations=[("url", "is required")])
        url = self._addresses.webhook_url(fields.url)
        wanted = tuple(each for each in EVENTS if each in fields.events) or EVENTS
        return replace(fields, display_name=fields.display_name.strip(), url=url, events=wanted)


def shown(secret: bytes) -> str:
    """Return a secret in the notation of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secret).decode()
