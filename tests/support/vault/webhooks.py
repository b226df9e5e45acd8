"""WebhookSecretService of the stand-in."""

import hmac
import os

from smelt.vault.v1 import data_keys_pb2, webhooks_pb2, webhooks_pb2_grpc

from services.common import identity
from services.common.identity import JobGrant
from services.common.rpc.servicing import Context
from tests.support.vault.known import Known
from tests.support.vault.refusals import Refused

_WEBHOOK = data_keys_pb2.DataKeyContext.WEBHOOK
_ACTIONS = {
    webhooks_pb2.RecordWebhookChangeRequest.UPDATED: "update-webhook",
    webhooks_pb2.RecordWebhookChangeRequest.DELETED: "delete-webhook",
}


class WebhookSecrets(webhooks_pb2_grpc.WebhookSecretServiceServicer):
    """Makes secrets, shows each once, and signs with them."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def CreateWebhookSecret(
        self, request: webhooks_pb2.CreateWebhookSecretRequest, context: Context
    ) -> webhooks_pb2.CreateWebhookSecretResponse:
        account, secret = identity.passport(context).account, os.urandom(32)
        place = (_WEBHOOK, request.webhook, request.generation)
        wrapped = self._known.account_keys.seal(account, place, secret)
        self._known.record(account, request.webhook, "create-webhook-secret")
        return webhooks_pb2.CreateWebhookSecretResponse(secret=secret, wrapped_secret=wrapped)

    async def SignWebhook(
        self, request: webhooks_pb2.SignWebhookRequest, context: Context
    ) -> webhooks_pb2.SignWebhookResponse:
        answer, proof = webhooks_pb2.SignWebhookResponse(), identity.proof()
        if isinstance(proof, JobGrant) and proof.purpose not in ("webhook", "job"):
            raise Refused("GRANT_INVALID")
        for each in request.secrets:
            place = (_WEBHOOK, request.webhook, each.generation)
            secret = self._known.account_keys.opened(proof.account, place, each.wrapped_secret)
            if secret is None:
                raise Refused("WEBHOOK_SECRET_INVALID")
            answer.signatures.append(hmac.digest(secret, request.content, "sha256"))
        return answer

    async def RecordWebhookChange(
        self, request: webhooks_pb2.RecordWebhookChangeRequest, context: Context
    ) -> webhooks_pb2.RecordWebhookChangeResponse:
        account = identity.passport(context).account
        self._known.record(account, request.webhook, _ACTIONS[request.change])
        return webhooks_pb2.RecordWebhookChangeResponse()
