"""WebhookService: proto to domain and back."""

from functools import partial

from smelt.processor.v1 import webhooks_pb2, webhooks_pb2_grpc

from services.common import identity, paging
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context
from services.processor.webhooks.deliveries import Deliveries, Delivery
from services.processor.webhooks.webhooks import OVERLAP_HOURS, Webhook, WebhookFields, Webhooks


class WebhookServicer(webhooks_pb2_grpc.WebhookServiceServicer):
    """Serves people's webhooks and their deliveries."""

    def __init__(self, webhooks: Webhooks, deliveries: Deliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def CreateWebhook(
        self, request: webhooks_pb2.CreateWebhookRequest, context: Context
    ) -> webhooks_pb2.WebhookWithSecret:
        made, secret = await self._webhooks.create(identity.passport(context), to_fields(request.webhook))
        await context.send_initial_metadata(CREATED)
        return _with_secret(made, secret)

    async def ListWebhooks(
        self, request: webhooks_pb2.ListWebhooksRequest, context: Context
    ) -> webhooks_pb2.ListWebhooksResponse:
        person = identity.passport(context)
        page, token = await paging.page(request, partial(self._webhooks.page, person), show=to_proto)
        return webhooks_pb2.ListWebhooksResponse(webhooks=page, next_page_token=token)

    async def GetWebhook(
        self, request: webhooks_pb2.GetWebhookRequest, context: Context
    ) -> webhooks_pb2.Webhook:
        id_ = parse_name("webhooks", request.name)
        return to_proto(await self._webhooks.get(identity.passport(context), id_))

    async def UpdateWebhook(
        self, request: webhooks_pb2.UpdateWebhookRequest, context: Context
    ) -> webhooks_pb2.Webhook:
        changed = await self._webhooks.update(
            identity.passport(context),
            parse_name("webhooks", request.webhook.name),
            to_fields(request.webhook),
            given={field.name for field, _ in request.webhook.ListFields()},
            mask=request.update_mask.paths,
        )
        return to_proto(changed)

    async def ConfirmWebhook(
        self, request: webhooks_pb2.ConfirmWebhookRequest, context: Context
    ) -> webhooks_pb2.Webhook:
        id_ = parse_name("webhooks", request.name)
        return to_proto(await self._webhooks.confirm(identity.passport(context), id_))

    async def DeleteWebhook(
        self, request: webhooks_pb2.DeleteWebhookRequest, context: Context
    ) -> webhooks_pb2.DeleteWebhookResponse:
        await self._webhooks.remove(identity.passport(context), parse_name("webhooks", request.name))
        return webhooks_pb2.DeleteWebhookResponse()

    async def RotateWebhookSecret(
        self, request: webhooks_pb2.RotateWebhookSecretRequest, context: Context
    ) -> webhooks_pb2.WebhookWithSecret:
        hours = request.overlap_hours if request.HasField("overlap_hours") else OVERLAP_HOURS
        changed, secret = await self._webhooks.rotate(
            identity.passport(context), parse_name("webhooks", request.name), overlap_hours=hours
        )
        return _with_secret(changed, secret)

    async def TestWebhook(
        self, request: webhooks_pb2.TestWebhookRequest, context: Context
    ) -> webhooks_pb2.WebhookDelivery:
        id_ = parse_name("webhooks", request.name)
        return delivery_to_proto(await self._deliveries.test(identity.passport(context), id_))

    async def ListWebhookDeliveries(
        self, request: webhooks_pb2.ListWebhookDeliveriesRequest, context: Context
    ) -> webhooks_pb2.ListWebhookDeliveriesResponse:
        id_ = parse_name("webhooks", request.parent)
        page, token = await paging.page(
            request,
            partial(self._deliveries.page, identity.passport(context), id_),
            show=delivery_to_proto,
            place=lambda delivery: paging.Position(delivery.message.time, delivery.message.id),
        )
        return webhooks_pb2.ListWebhookDeliveriesResponse(deliveries=page, next_page_token=token)

    async def GetWebhookDelivery(
        self, request: webhooks_pb2.GetWebhookDeliveryRequest, context: Context
    ) -> webhooks_pb2.WebhookDelivery:
        id_ = parse_name("webhookDeliveries", request.name)
        return delivery_to_proto(await self._deliveries.get(identity.passport(context), id_))

    async def RedeliverWebhookDelivery(
        self, request: webhooks_pb2.RedeliverWebhookDeliveryRequest, context: Context
    ) -> webhooks_pb2.WebhookDelivery:
        id_ = parse_name("webhookDeliveries", request.name)
        return delivery_to_proto(await self._deliveries.redeliver(identity.passport(context), id_))


def to_fields(message: webhooks_pb2.Webhook) -> WebhookFields:
    """Return the fields that a message gives; a webhook is switched on unless the message says otherwise."""
    return WebhookFields(
        display_name=message.display_name,
        url=message.url,
        events=tuple(message.events),
        enabled=message.enabled if message.HasField("enabled") else True,
    )


def _with_secret(webhook: Webhook, secret: str) -> webhooks_pb2.WebhookWithSecret:
    return webhooks_pb2.WebhookWithSecret(name=webhook.name, webhook=to_proto(webhook), signing_secret=secret)


def to_proto(webhook: Webhook) -> webhooks_pb2.Webhook:
    """Return the message for a webhook."""
    fields = webhook.fields
    message = webhooks_pb2.Webhook(
        name=webhook.name,
        display_name=fields.display_name,
        url=fields.url,
        events=fields.events,
        enabled=fields.enabled,
        disabled_reason=webhook.disabled_reason,
    )
    message.create_time.FromDatetime(webhook.create_time)
    message.update_time.FromDatetime(webhook.update_time)
    return message


def delivery_to_proto(delivery: Delivery) -> webhooks_pb2.WebhookDelivery:
    """Return the message for a delivery."""
    told = delivery.message
    message = webhooks_pb2.WebhookDelivery(
        name=f"webhookDeliveries/{told.id}",
        webhook=f"webhooks/{told.webhook}",
        event=told.event,
        job=told.job and f"jobs/{told.job}",
        state=delivery.state.value,
        attempts=delivery.attempts,
        status_code=delivery.status_code,
        reason=delivery.reason,
    )
    message.create_time.FromDatetime(told.time)
    if delivery.last_attempt_time is not None:
        message.last_attempt_time.FromDatetime(delivery.last_attempt_time)
    if delivery.next_attempt_time is not None:
        message.next_attempt_time.FromDatetime(delivery.next_attempt_time)
    return message
