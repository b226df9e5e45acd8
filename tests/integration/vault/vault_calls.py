"""Calls of a vault, by each caller that may make them: the real one's process, or what stands in for it."""

from abc import ABC, abstractmethod
from typing import Any

import grpc
from smelt.suspension.v1 import suspension_pb2_grpc
from smelt.vault.v1 import (
    api_keys_pb2_grpc,
    audit_pb2_grpc,
    data_keys_pb2_grpc,
    erasure_pb2_grpc,
    release_pb2_grpc,
    signing_pb2,
    signing_pb2_grpc,
    webhooks_pb2_grpc,
)


class VaultCalls(ABC):
    """What other services ask of a vault."""

    __slots__ = ()

    @abstractmethod
    def channel(self, caller: str) -> grpc.aio.Channel:
        """Return a channel with a caller's certificate."""

    def directory(self) -> Any:
        return api_keys_pb2_grpc.ApiKeyDirectoryServiceStub(self.channel("processor"))

    def signing(self, caller: str = "auth") -> Any:
        return signing_pb2_grpc.SigningServiceStub(self.channel(caller))

    def data_keys(self, caller: str = "files") -> Any:
        return data_keys_pb2_grpc.DataKeyServiceStub(self.channel(caller))

    def erasure(self, caller: str = "auth") -> Any:
        return erasure_pb2_grpc.ErasureServiceStub(self.channel(caller))

    def audit(self, caller: str = "auth") -> Any:
        return audit_pb2_grpc.AuditServiceStub(self.channel(caller))

    def release(self, caller: str = "processor") -> Any:
        return release_pb2_grpc.KeyReleaseServiceStub(self.channel(caller))

    def webhooks(self, caller: str = "processor") -> Any:
        return webhooks_pb2_grpc.WebhookSecretServiceStub(self.channel(caller))

    def suspension(self, caller: str = "auth") -> Any:
        return suspension_pb2_grpc.SuspensionServiceStub(self.channel(caller))

    async def passport(self, account: str, *, generation: int = 0) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a person who is signed in."""
        claims = signing_pb2.PassportClaims(
            account=account, session="s1", scopes=["read", "write"], generation=generation
        )
        signed = await self.signing().Sign(signing_pb2.SignRequest(passport=claims, lifetime_seconds=300))
        return (("x-smelt-passport", signed.token),)

    async def grant(
        self, account: str, api_key: str, *, lifetime_seconds: int = 600, **more: Any
    ) -> signing_pb2.SignResponse:
        """Return a signed grant, of a job of 100 rows and one template unless told otherwise."""
        claims: dict[str, Any] = {
            "purpose": "job",
            "job": "jobs/j1",
            "file": "files/f1",
            "parse": 1,
            "first_row": 1,
            "last_row": 100,
            "template_count": 1,
            "release_budget": 1000,
        } | more
        wanted = signing_pb2.GrantClaims(account=account, api_key=api_key, **claims)
        signed: signing_pb2.SignResponse = await self.signing().Sign(
            signing_pb2.SignRequest(grant=wanted, lifetime_seconds=lifetime_seconds)
        )
        return signed

    async def webhook_grant(self, account: str, purpose: str = "webhook") -> tuple[tuple[str, str], ...]:
        """Return the metadata of a worker that sends messages to an account's webhooks."""
        wanted = signing_pb2.GrantClaims(account=account, purpose=purpose)
        signed = await self.signing().Sign(signing_pb2.SignRequest(grant=wanted, lifetime_seconds=600))
        return (("x-smelt-grant", signed.token),)
