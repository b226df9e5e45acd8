"""Calls to OpenAI-compatible endpoints: a prompt, the key that was released for it, and what was said.

What a provider says leaves here only through the door, which knows the key.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from services.common.key_kinds import KeyKind
from services.processor.outside import Released
from services.processor.provider import announced_limits
from services.processor.provider.addresses import Endpoints, Resolver
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, whole
from services.processor.provider.door import let_answer_pass, let_refusal_pass
from services.processor.provider.exchange import Exchange, Limits, Sends, Unanswered
from services.processor.provider.failures import KEY_UNSENDABLE

#: How requests are sent, given the exchange that sends bytes.
Way = Callable[[Exchange], Sends]


def directly(exchange: Exchange) -> Sends:
    """Send requests without a client around them, as rows do."""
    return exchange


class Provider:
    """Sends prompts. A worker has one, made inside its event loop."""

    def __init__(
        self, endpoints: Endpoints, limits: Limits, *, resolver: Resolver | None = None, way: Way = directly
    ) -> None:
        self._endpoints = endpoints
        self._total_seconds = limits.total_seconds
        self._exchange = Exchange(endpoints, limits, resolver=resolver)
        self._sender = way(self._exchange)

    async def ask(
        self,
        key: Released,
        body: Mapping[str, Any],
        *,
        account: str,
        read: Reads = whole,
        quick: int = LOOP_CHARACTERS,
    ) -> Answer | Unusable:
        """Send one prompt of an account and return its answer, or why there is none; raise AddressNotAllowed.

        An answer may take as long as the key says, or else as long as the limits say.
        `read` makes the texts that are kept of the model's words; it is quick with as many characters.
        """
        url, secret = self._endpoints.completions_url(key.base_url, key.kind), key.secret
        try:
            header = key_header(key.kind, secret.decode("ascii"))
        except UnicodeDecodeError:
            return Unusable(KEY_UNSENDABLE)
        seconds = float(key.timeout_seconds or self._total_seconds)
        try:
            received = await self._sender.post(url, header, orjson.dumps(body), seconds)
        except Unanswered as error:
            return Unusable(error.failure)
        told = announced_limits.told_by(received.headers)
        if received.is_accepted:
            said = await let_answer_pass(
                received.body, body, secret=secret, account=account, read=read, quick=quick
            )
            return said if told is None else replace(said, told=told)
        failure = let_refusal_pass(
            received.status,
            received.body,
            received.headers,
            secret=secret,
            now=datetime.now(UTC),
            request=body,
        )
        return Unusable(failure, told=told)

    async def is_there(self, base_url: str) -> bool:
        """Whether an endpoint answers, be it with a refusal; raise AddressNotAllowed. No key is sent."""
        return await self._exchange.is_there(self._endpoints.probe_url(base_url))

    async def close(self) -> None:
        """Close the connections."""
        await self._exchange.close()


def key_header(kind: KeyKind, secret: str) -> dict[str, str]:
    """Return the header in which a key of a kind is sent."""
    return {"api-key": secret} if kind is KeyKind.AZURE_OPENAI else {"Authorization": f"Bearer {secret}"}
