"""What a failed message says of the names inside: nothing. A private name looks like an unknown one."""

import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp.abc import ResolveResult

from services.processor.outside import Released
from services.processor.provider.addresses import Endpoints
from services.processor.provider.answer import Unusable
from services.processor.provider.exchange import Limits
from services.processor.provider.failures import NOT_CONNECTED
from services.processor.provider.provider import Provider as Client
from services.processor.webhooks.attempts import ADDRESS_NOT_ALLOWED
from services.processor.webhooks.post import WebhookPost

NAMES = {
    "private.example": ["10.0.0.7"],
    "loopback.example": ["127.0.0.1"],
    "wrapped.example": ["::ffff:0:127.0.0.1"],
    "mixed.example": ["8.8.8.8", "127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "empty.example": [],
}
HOSTS = [*NAMES, "unknown.example"]


class Names:
    """A resolver that knows a few names."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if host not in NAMES:
            raise OSError(None, "Name or service not known")
        return [
            {"hostname": host, "host": each, "port": port, "family": family, "proto": 0, "flags": 0}
            for each in NAMES[host]
        ]

    async def close(self) -> None:
        return None


@pytest.fixture
async def post() -> AsyncIterator[WebhookPost]:
    made = WebhookPost(Endpoints([]), resolver=Names())
    yield made
    await made.close()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made = Client(Endpoints([]), Limits(5, 10, 100_000), resolver=Names())
    yield made
    await made.close()


@pytest.mark.promise("S46")
async def test_a_message_to_a_private_name_fails_as_one_to_an_unknown_name(post: WebhookPost) -> None:
    said = {host: await post.send(f"https://{host}/hook", b"{}", {}) for host in HOSTS}
    assert said == dict.fromkeys(HOSTS, ADDRESS_NOT_ALLOWED)


@pytest.mark.promise("S46")
async def test_a_call_to_a_private_name_fails_as_one_to_an_unknown_name(client: Client) -> None:
    said = {
        host: await client.ask(Released(b"sk-of-the-call", f"https://{host}/v1"), {}, account="ada")
        for host in HOSTS
    }
    assert said == dict.fromkeys(HOSTS, Unusable(NOT_CONNECTED))
