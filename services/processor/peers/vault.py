"""The vault as the processor knows it: facts about API keys, data keys, revoked grants, webhook secrets."""

from collections.abc import Sequence
from datetime import UTC, datetime

import grpc
from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    data_keys_pb2,
    data_keys_pb2_grpc,
    release_pb2,
    release_pb2_grpc,
    webhooks_pb2,
    webhooks_pb2_grpc,
)

from services.common.rpc.errors import peer_errors
from services.processor.jobs.job import JOB_KEY_GENERATION
from services.processor.outside import DataKey, KeyFacts, Proof, by_grant
from services.processor.webhooks.webhooks import NewSecret

_SECONDS = 10.0


class Vault:
    """Describes API keys, makes and opens the data keys of jobs, and ends grants."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._directory = api_keys_pb2_grpc.ApiKeyDirectoryServiceStub(channel)
        self._data_keys = data_keys_pb2_grpc.DataKeyServiceStub(channel)
        self._release = release_pb2_grpc.KeyReleaseServiceStub(channel)

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts:
        """Return the facts of the named key, or of the active one; raise API_KEY_NOT_FOUND or NO_API_KEY."""
        async with peer_errors():
            found = await self._directory.DescribeApiKey(
                api_keys_pb2.DescribeApiKeyRequest(name=name), metadata=proof, timeout=_SECONDS
            )
        return KeyFacts(found.name, found.base_url, found.timeout_seconds)

    async def record_key_test(self, name: str, result: str, proof: Proof) -> datetime:
        """Record a test's result on the person's API key, and return its time; raise API_KEY_NOT_FOUND."""
        request = api_keys_pb2.RecordKeyTestRequest(name=name, result=result)
        async with peer_errors():
            noted = await self._directory.RecordKeyTest(request, metadata=proof, timeout=_SECONDS)
        time: datetime = noted.test_time.ToDatetime(UTC)
        return time

    async def create_data_key(self, job: str, proof: Proof) -> DataKey:
        """Return a new data key for a job."""
        request = data_keys_pb2.CreateDataKeyRequest(context=_context(job))
        async with peer_errors():
            made = await self._data_keys.CreateDataKey(request, metadata=proof, timeout=_SECONDS)
        return DataKey(made.key, made.wrapped_key)

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes:
        """Return a job's data key; raise DATA_KEY_INVALID."""
        request = data_keys_pb2.OpenDataKeyRequest(context=_context(job), wrapped_key=wrapped)
        async with peer_errors():
            opened = await self._data_keys.OpenDataKey(request, metadata=proof, timeout=_SECONDS)
        key: bytes = opened.key
        return key

    async def open_grant(self, sealed: bytes) -> str:
        """Return a grant that was sealed for storage; raise GRANT_INVALID."""
        request = release_pb2.OpenGrantRequest(sealed_grant=sealed)
        async with peer_errors():
            opened = await self._release.OpenGrant(request, timeout=_SECONDS)
        token: str = opened.grant
        return token

    async def revoke_grant(self, grant_id: str, proof: Proof) -> None:
        """End a grant of the person behind the proof, or the grant itself; repeating it is harmless."""
        request = release_pb2.RevokeGrantRequest(grant_id=grant_id)
        async with peer_errors():
            await self._release.RevokeGrant(request, metadata=proof, timeout=_SECONDS)


def _context(job: str) -> data_keys_pb2.DataKeyContext:
    return data_keys_pb2.DataKeyContext(
        purpose=data_keys_pb2.DataKeyContext.JOB, object=job, generation=JOB_KEY_GENERATION
    )


class WebhookVault:
    """Makes and uses the secrets of webhooks. A secret passes here in plaintext once, when it is made."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._secrets = webhooks_pb2_grpc.WebhookSecretServiceStub(channel)

    async def create_secret(self, webhook: str, generation: int, proof: Proof) -> NewSecret:
        """Return a new secret for a webhook of the person behind the proof."""
        request = webhooks_pb2.CreateWebhookSecretRequest(webhook=webhook, generation=generation)
        async with peer_errors():
            made = await self._secrets.CreateWebhookSecret(request, metadata=proof, timeout=_SECONDS)
        return NewSecret(made.secret, made.wrapped_secret)

    async def record_change(self, webhook: str, proof: Proof, *, deleted: bool) -> None:
        """Record in the audit log that the person behind the proof changed or removed a webhook."""
        changes = webhooks_pb2.RecordWebhookChangeRequest
        request = webhooks_pb2.RecordWebhookChangeRequest(
            webhook=webhook, change=changes.DELETED if deleted else changes.UPDATED
        )
        async with peer_errors():
            await self._secrets.RecordWebhookChange(request, metadata=proof, timeout=_SECONDS)

    async def sign(
        self, grant: str, webhook: str, secrets: Sequence[tuple[int, bytes]], content: bytes
    ) -> Sequence[bytes]:
        """Return a signature for each secret; raise WEBHOOK_SECRET_INVALID or ACCOUNT_ERASED.

        For a grant that is over it raises UNAUTHENTICATED.
        """
        request = webhooks_pb2.SignWebhookRequest(
            webhook=webhook,
            secrets=[
                webhooks_pb2.WrappedWebhookSecret(generation=generation, wrapped_secret=wrapped)
                for generation, wrapped in secrets
            ],
            content=content,
        )
        async with peer_errors():
            signed = await self._secrets.SignWebhook(request, metadata=by_grant(grant), timeout=_SECONDS)
        signatures: Sequence[bytes] = signed.signatures
        return signatures
