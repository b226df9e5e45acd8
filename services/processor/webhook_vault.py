"""The vault as webhooks need it: secrets made, messages signed, changes put into its log."""

from collections.abc import Sequence

import grpc
from smelt.vault.v1 import webhooks_pb2, webhooks_pb2_grpc

from services.common.grpc_errors import peer_errors
from services.processor.peers import Proof
from services.processor.webhooks import NewSecret

_SECONDS = 10.0


class WebhookVault:
    """Secrets of webhooks; what they are is seen here once, when they are made."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._secrets = webhooks_pb2_grpc.WebhookSecretServiceStub(channel)

    async def create_secret(self, webhook: str, generation: int, proof: Proof) -> NewSecret:
        """Return a new secret for a webhook of the person behind the proof."""
        request = webhooks_pb2.CreateWebhookSecretRequest(webhook=webhook, generation=generation)
        async with peer_errors():
            made = await self._secrets.CreateWebhookSecret(request, metadata=proof, timeout=_SECONDS)
        return NewSecret(made.secret, made.wrapped_secret)

    async def record_change(self, webhook: str, proof: Proof, *, deleted: bool) -> None:
        """Have it on record that the person behind the proof changed or removed a webhook."""
        changes = webhooks_pb2.RecordWebhookChangeRequest
        request = webhooks_pb2.RecordWebhookChangeRequest(
            webhook=webhook, change=changes.DELETED if deleted else changes.UPDATED
        )
        async with peer_errors():
            await self._secrets.RecordWebhookChange(request, metadata=proof, timeout=_SECONDS)

    async def sign(
        self, account: str, webhook: str, secrets: Sequence[tuple[int, bytes]], content: bytes
    ) -> Sequence[bytes]:
        """Return a signature for each secret; WEBHOOK_SECRET_INVALID, ACCOUNT_ERASED."""
        request = webhooks_pb2.SignWebhookRequest(
            account=account,
            webhook=webhook,
            secrets=[
                webhooks_pb2.WrappedWebhookSecret(generation=generation, wrapped_secret=wrapped)
                for generation, wrapped in secrets
            ],
            content=content,
        )
        async with peer_errors():
            signed = await self._secrets.SignWebhook(request, timeout=_SECONDS)
        signatures: Sequence[bytes] = signed.signatures
        return signatures
