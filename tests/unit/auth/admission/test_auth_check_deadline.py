"""The gateway's question is answered before the gateway gives up, whatever hangs behind it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from envoy_auth.v3 import external_auth_pb2 as envoy

from gateway.filters import AUTHORISATION_SECONDS
from services.auth.servicers.authorization import AuthorizationServicer
from tests.support.own_time import in_own_time, own_loop


async def hangs(*asked: Any, **more: Any) -> str:
    await asyncio.Event().wait()
    return "never"


@pytest.mark.promise("S52")
@in_own_time
async def test_a_gate_that_hangs_is_closed_before_the_gateway_gives_up() -> None:
    gate: Any = SimpleNamespace(admit=hangs)
    context: Any = None
    began = own_loop().time()
    answer = await AuthorizationServicer(gate).Check(envoy.CheckRequest(), context)
    assert own_loop().time() - began < AUTHORISATION_SECONDS
    assert answer.denied_response.status.code == 503
