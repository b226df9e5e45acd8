"""The access log: what it says of a request, and what of an address never gets into it."""

import asyncio
import json

import pytest

from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.conftest import Edge
from tests.support.patience import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.xdist_group("gateway")


async def test_the_log_has_paths_without_queries_and_no_tokens(edge: Edge) -> None:
    await edge.call("GET", "/v1/jobs/logged/rows?filter=whispered")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "/v1/jobs/logged/rows" not in edge.log.read_text():
            await asyncio.sleep(0.1)
    text = edge.log.read_text()
    line = next(json.loads(line) for line in text.splitlines() if "/v1/jobs/logged/rows" in line)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/jobs/logged/rows", 200)
    assert (line["service"], line["client"]) == ("processor", "127.0.0.1")
    assert "whispered" not in text
    assert "Bearer" not in text
    assert "passport of good" not in text


@pytest.mark.promise("S01")
@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/v1/users/me?key=KEY", "/v1/users/me"),
        ("/v1/users/me?KEY", "/v1/users/me"),
        ("/v1/files?page_size=KEY", "/v1/files"),
        ("https://localhost/v1/users/me?KEY", "/v1/users/me"),
        ("/v1/nothing?KEY", "/v1/nothing"),
        ("/v1/users/me%3FKEY", "/v1/users/me"),
        ("/v1/users/me%23KEY", "/v1/users/me"),
        ("/v1/users/me;KEY", "/v1/users/me"),
        ("/v1/users/me#KEY", None),
        ("/v1/files/%2f?KEY", None),
        ("/v1/files/KEY", "/v1/files/*"),
        ("/v1/files/KEY:download", "/v1/files/*:download"),
        ("/KEY", "/*"),
        (f"/v1/files/{'a2' * 13}:download?KEY", f"/v1/files/{'a2' * 13}:download"),
        ("/.well-known/security.txt", "/.well-known/security.txt"),
    ],
)
async def test_a_key_pasted_into_an_address_is_not_in_the_log(
    edge: Edge, path: str, logged: str | None
) -> None:
    before = len(edge.log.read_text().splitlines())
    key = "sk-pasted-into-an-address-0123456789"
    line = f"GET {path.replace('KEY', key)} HTTP/1.1\r\nhost: localhost\r\n"
    assert await edge.raw(f"{line}authorization: Bearer {GOOD}\r\n\r\n".encode())

    def seen() -> list[str | None]:
        lines = edge.log.read_text().splitlines(keepends=True)[before:]
        return [json.loads(line)["path"] for line in lines if line.endswith("}\n")]

    await eventually(lambda: logged in seen(), seen)
    assert key not in edge.log.read_text()
