"""Sends waiting messages to webhooks: claims them, has them signed, posts them, and records the outcome.

Delivery is at least once: if a worker dies between posting and recording, the message is sent again under its
id.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from services.common.database import FAILURES
from services.common.errors import DomainError, Kind
from services.common.logs import describe, log
from services.processor.opened_grants import OpenedGrants
from services.processor.webhooks.attempts import Attempt, Delivered, GivenUp, SendAgain, judge
from services.processor.webhooks.messages import body, headers, signed_content
from services.processor.webhooks.store.queue import Claimed, WebhookQueue

_LOOK_SECONDS = 1.0
_SWEEP_SECONDS = 600.0
_UNSIGNED_SECONDS = 5.0
#: What the vault answers when the account's grant is over, and is not a grant for webhooks.
_GRANT_REASONS = ("UNAUTHENTICATED", "GRANT_INVALID")
#: How many messages a worker sends at once, in all and per account. A higher share per account lets one
#: account with slow receivers delay the messages of all others.
MOST_AT_ONCE = 32
MOST_OF_ACCOUNT = 2


class Signer(Protocol):
    """Signs messages: the vault."""

    async def sign(
        self, grant: str, webhook: str, secrets: Sequence[tuple[int, bytes]], content: bytes
    ) -> Sequence[bytes]: ...


class Post(Protocol):
    """Posts a message; every failure is an Attempt with a reason."""

    async def send(self, url: str, content: bytes, headers: dict[str, str]) -> Attempt: ...


class WebhookSending:
    """Sends webhook messages; each worker has one."""

    def __init__(
        self,
        queue: WebhookQueue,
        signer: Signer,
        grants: OpenedGrants,
        post: Post,
        clock: Callable[[], float],
    ) -> None:
        """`clock` gives the seconds since 1970 that receivers compare with their own clocks."""
        self._queue = queue
        self._signer = signer
        self._grants = grants
        self._post = post
        self._clock = clock
        self._accounts: Counter[str] = Counter()
        self._running: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled; another worker sends again what is under way then."""
        swept = time.monotonic()
        try:
            while True:
                self._ended.clear()
                try:
                    await self._start_due()
                    if time.monotonic() - swept > _SWEEP_SECONDS:
                        swept = time.monotonic()
                        await self._queue.sweep()
                except FAILURES as error:
                    log.warning("webhooks.unseen", **describe(error))
                # A message that has just ended makes room for the next.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _LOOK_SECONDS)
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _start_due(self) -> None:
        room = MOST_AT_ONCE - len(self._running)
        if room <= 0:
            return
        busy = [account for account, count in self._accounts.items() if count >= MOST_OF_ACCOUNT]
        for claimed in await self._queue.claim(most=room, each=MOST_OF_ACCOUNT, busy=busy):
            self._accounts[claimed.account] += 1
            task = asyncio.create_task(self._deliver(claimed))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            await self._attempt(claimed)
        except FAILURES as error:
            # Its claim expires by itself.
            log.warning("webhook.not_noted", delivery=claimed.message.id, **describe(error))
        finally:
            self._accounts[claimed.account] -= 1
            if not self._accounts[claimed.account]:
                del self._accounts[claimed.account]
            self._ended.set()

    async def _attempt(self, claimed: Claimed) -> None:
        if not claimed.enabled:
            await self._queue.give_up(claimed, 0, "WEBHOOK_DISABLED")
            return
        message, seconds = claimed.message, int(self._clock())
        content = body(message)
        try:
            grant = await self._grants.open(claimed.sealed_grant, older=claimed.grant)
            if not grant:
                await self._queue.give_up(claimed, 0, "GRANT_EXPIRED")
                return
            signatures = await self._signer.sign(
                grant,
                f"webhooks/{message.webhook}",
                claimed.secrets,
                signed_content(message, content, seconds=seconds),
            )
        except DomainError as error:
            if error.kind in (Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED):
                await self._queue.give_back(claimed, seconds=_UNSIGNED_SECONDS)
                return
            log.error("webhook.not_signed", delivery=message.id, **describe(error))
            reason = "GRANT_EXPIRED" if error.reason in _GRANT_REASONS else "SECRET_UNAVAILABLE"
            await self._queue.give_up(claimed, 0, reason)
            return
        attempt = await self._post.send(
            claimed.url, content, dict(headers(message, signatures, seconds=seconds))
        )
        await self._note(claimed, attempt)

    async def _note(self, claimed: Claimed, attempt: Attempt) -> None:
        dice = random.random()  # noqa: S311  it only spreads attempts
        match judge(attempt, event=claimed.message.event, failures=claimed.attempt, dice=dice):
            case Delivered():
                await self._queue.delivered(claimed, attempt.status_code)
            case SendAgain(seconds):
                await self._queue.send_later(claimed, attempt.status_code, attempt.reason, seconds=seconds)
            case GivenUp(disable):
                await self._queue.give_up(claimed, attempt.status_code, attempt.reason, disable=disable)
        log.info(
            "webhook.sent",
            delivery=claimed.message.id,
            attempt=claimed.attempt,
            status=attempt.status_code,
            reason=attempt.reason,
        )
