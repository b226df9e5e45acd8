"""Where provider calls may go (S46)."""

import socket

import pytest
from aiohttp.abc import ResolveResult

from services.common.key_kinds import KeyKind
from services.processor.provider.addresses import AddressNotAllowed, CheckedResolver, Endpoints

ENDPOINTS = Endpoints(["127.0.0.1:8089", "provider.internal:80", "[::1]:9000"])


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        ("http://127.0.0.1:8089/v1", "http://127.0.0.1:8089/v1/chat/completions"),
        ("http://Provider.Internal/v1", "http://provider.internal/v1/chat/completions"),
        ("http://[::1]:9000/v1", "http://[::1]:9000/v1/chat/completions"),
    ],
)
def test_endpoints_that_are_allowed(base_url: str, url: str) -> None:
    assert ENDPOINTS.completions_url(base_url) == url


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.openai.com/v1",
        "http://127.0.0.1:8090/v1",
        "https://127.0.0.1/v1",
        "https://10.0.0.1/v1",
        "https://[::1]/v1",
        "https://169.254.169.254/latest",
        "https://localhost/v1",
        "https://127.1/v1",
        "https://2130706433/v1",
        "https://0x7f.1/v1",
        "https://8.8.8.8/v1",
        "https://user@api.openai.com/v1",
        "https://api.openai.com/v1?x=1",
        "https://api.openai.com/v1#x",
        "https://api.openai.com:99999/v1",
        "ftp://127.0.0.1:8089/v1",
        "https:///v1",
        "",
    ],
)
def test_endpoints_that_are_refused(base_url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        ENDPOINTS.completions_url(base_url)


@pytest.mark.promise("S46")
def test_the_version_of_azure_goes_behind_the_path_of_the_call() -> None:
    azure, base = KeyKind.AZURE_OPENAI, "https://acme.openai.azure.com/openai"
    assert ENDPOINTS.completions_url(f"{base}/v1", azure) == f"{base}/v1/chat/completions"
    called = ENDPOINTS.completions_url(f"{base}/deployments/d?api-version=2024-10-21", azure)
    assert called == f"{base}/deployments/d/chat/completions?api-version=2024-10-21"
    for query in ("", "x=1", "api-version=1&x=2", "api-version=", "api-version=a/b"):
        with pytest.raises(AddressNotAllowed):
            ENDPOINTS.completions_url(f"{base}/v1?{query}", azure)
    with pytest.raises(AddressNotAllowed):
        ENDPOINTS.completions_url(f"{base}/v1?api-version=2024-10-21")


class Answers:
    """A resolver that knows one host."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            {"hostname": host, "host": each, "port": port, "family": family, "proto": 0, "flags": 0}
            for each in self._addresses
        ]

    async def close(self) -> None:
        return None


@pytest.mark.promise("S46")
async def test_a_name_with_any_private_address_is_not_connected_to() -> None:
    with pytest.raises(OSError):
        await CheckedResolver(Answers("8.8.8.8", "127.0.0.1"), ENDPOINTS).resolve("rebind.example", 443)


async def test_public_and_listed_names_resolve() -> None:
    found = await CheckedResolver(Answers("8.8.8.8"), ENDPOINTS).resolve("api.openai.com", 443)
    assert [each["host"] for each in found] == ["8.8.8.8"]
    private = CheckedResolver(Answers("10.0.0.7"), ENDPOINTS)
    assert [each["host"] for each in await private.resolve("provider.internal", 80)] == ["10.0.0.7"]
    with pytest.raises(OSError):
        await private.resolve("provider.internal", 81)
