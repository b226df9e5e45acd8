"""Over HTTP/2, a request that contradicts its own frames reaches no service (RFC 9113, 8.1.1 and 8.2.2)."""

import asyncio

import pytest

from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.wire import Http2


@pytest.mark.promise("S53")
@pytest.mark.parametrize(
    "contradiction",
    [
        {"content-length": "5"},
        {"content-length": "five"},
        {"transfer-encoding": "chunked"},
        {"connection": "close"},
        {"x-one": "a\r\nx-two: b"},
        {"X-Upper": "a"},
    ],
    ids=lambda fields: next(iter(fields)),
)
async def test_a_request_that_contradicts_its_frames_is_not_passed_on(
    edge: Edge, contradiction: dict[str, str]
) -> None:
    session = {"authorization": f"Bearer {GOOD}"}
    good = await Http2.connect(edge.port, edge.ca_file)
    bad = await Http2.connect(edge.port, edge.ca_file)
    try:
        # Without it, the same request is served.
        assert (await good.get("/v1/users/me", session))[0] == 200
        seen = len(edge.notes.calls["GetCurrentUser"])
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await bad.get("/v1/users/me", session | contradiction)
        assert len(edge.notes.calls["GetCurrentUser"]) == seen
        assert (await good.get("/v1/users/me", session))[0] == 200
    finally:
        good.close()
        bad.close()
