"""Auth as the processor knows it: it mints grants."""

from dataclasses import asdict
from datetime import UTC

import grpc
from smelt.auth.v1 import grants_pb2, grants_pb2_grpc

from services.common.rpc.errors import peer_errors
from services.processor.outside import GrantScope, MintedGrant, Proof

_SECONDS = 10.0


class Auth:
    """Mints grants."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._grants = grants_pb2_grpc.GrantServiceStub(channel)

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant:
        """Return a grant for the person behind the proof; raise UNAUTHENTICATED."""
        request = grants_pb2.MintJobGrantRequest(**asdict(scope))
        async with peer_errors():
            minted = await self._grants.MintJobGrant(request, metadata=proof, timeout=_SECONDS)
        return _minted(minted)

    async def mint_webhook_grant(self, proof: Proof) -> MintedGrant:
        """Return a grant to sign messages to the person's webhooks; raise UNAUTHENTICATED."""
        request = grants_pb2.MintJobGrantRequest(purpose=grants_pb2.MintJobGrantRequest.WEBHOOK)
        async with peer_errors():
            minted = await self._grants.MintJobGrant(request, metadata=proof, timeout=_SECONDS)
        return _minted(minted)

    async def mint_test_grant(self, api_key: str, releases: int, proof: Proof) -> str:
        """Return a grant to try one of the person's API keys with one model; raise UNAUTHENTICATED."""
        request = grants_pb2.MintJobGrantRequest(
            purpose=grants_pb2.MintJobGrantRequest.KEY_TEST, api_key=api_key, release_budget=releases
        )
        async with peer_errors():
            minted = await self._grants.MintJobGrant(request, metadata=proof, timeout=_SECONDS)
        token: str = minted.grant
        return token


def _minted(answer: grants_pb2.MintJobGrantResponse) -> MintedGrant:
    return MintedGrant(answer.grant, answer.grant_id, answer.expire_time.ToDatetime(UTC), answer.sealed_grant)
