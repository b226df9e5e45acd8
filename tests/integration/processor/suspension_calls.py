"""What auth asks the processor when an owner proves the address or resets the password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from smelt.suspension.v1 import suspension_pb2, suspension_pb2_grpc

from services.common.rpc import tls
from tests.integration.processor.suite import Suite
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer


async def suspend(suite: Suite, account: str, generation: int, caller: str = "auth") -> tuple[int, int, int]:
    """Suspend what was made before a generation; return how many webhooks, jobs and API keys that were."""
    request = suspension_pb2.SuspendEarlierRequest(account=account, generation=generation)
    async with _as(suite, caller) as channel:
        answer: Any = await suspension_pb2_grpc.SuspensionServiceStub(channel).SuspendEarlier(
            request, timeout=PATIENCE_SECONDS
        )
    return answer.webhooks, answer.jobs, answer.api_keys


@asynccontextmanager
async def _as(suite: Suite, caller: str) -> AsyncIterator[grpc.aio.Channel]:
    async with tls.channel(peer(suite.certificates, caller), "processor", suite.address) as channel:
        yield channel
