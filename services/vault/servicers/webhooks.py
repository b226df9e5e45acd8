"""WebhookSecretService on the wire."""

from smelt.vault.v1 import webhooks_pb2, webhooks_pb2_grpc

from services.common import identity
from services.common.rpc.servicing import Context
from services.vault.audit.actions import Action
from services.vault.data_keys.webhook_secrets import WebhookSecrets

_ACTIONS = {
    webhooks_pb2.RecordWebhookChangeRequest.UPDATED: Action.UPDATE_WEBHOOK,
    webhooks_pb2.RecordWebhookChangeRequest.DELETED: Action.DELETE_WEBHOOK,
}


class WebhookSecretServicer(webhooks_pb2_grpc.WebhookSecretServiceServicer):
    """Secrets of webhooks, for the processor."""

    def __init__(self, secrets: WebhookSecrets) -> None:
        self._secrets = secrets

    async def CreateWebhookSecret(
        self, request: webhooks_pb2.CreateWebhookSecretRequest, context: Context
    ) -> webhooks_pb2.CreateWebhookSecretResponse:
        account = identity.passport(context).account
        secret, wrapped = await self._secrets.create(account, request.webhook, request.generation)
        with secret:
            return webhooks_pb2.CreateWebhookSecretResponse(
                secret=bytes(secret.reveal()), wrapped_secret=wrapped
            )

    async def SignWebhook(
        self, request: webhooks_pb2.SignWebhookRequest, context: Context
    ) -> webhooks_pb2.SignWebhookResponse:
        signatures = await self._secrets.sign(
            identity.proof(context),
            request.webhook,
            [(each.generation, each.wrapped_secret) for each in request.secrets],
            request.content,
            caller=identity.current_call().caller,
        )
        return webhooks_pb2.SignWebhookResponse(signatures=signatures)

    async def RecordWebhookChange(
        self, request: webhooks_pb2.RecordWebhookChangeRequest, context: Context
    ) -> webhooks_pb2.RecordWebhookChangeResponse:
        account = identity.passport(context).account
        await self._secrets.record(account, request.webhook, _ACTIONS[request.change])
        return webhooks_pb2.RecordWebhookChangeResponse()
