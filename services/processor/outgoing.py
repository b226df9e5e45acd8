"""What goes out to the internet, bounded by the settings: calls to providers, messages to webhooks."""

from services.processor.provider.addresses import Endpoints
from services.processor.provider.batches import Batches
from services.processor.provider.exchange import Limits
from services.processor.provider.provider import Provider, Way, directly
from services.processor.settings import ProcessorSettings


def provider_of(settings: ProcessorSettings, way: Way = directly) -> Provider:
    """Return the client for providers; it opens no connection before the first call."""
    return Provider(_endpoints(settings), _limits(settings), way=way)


def batches_of(settings: ProcessorSettings) -> Batches:
    """Return the client for batches at providers; it opens no connection before the first call."""
    return Batches(_endpoints(settings), _limits(settings))


def _endpoints(settings: ProcessorSettings) -> Endpoints:
    return Endpoints(settings.private_providers.split(","))


def _limits(settings: ProcessorSettings) -> Limits:
    return Limits(
        connect_seconds=settings.provider_connect_seconds,
        total_seconds=settings.provider_total_seconds,
        answer_bytes=settings.max_answer_bytes,
    )


def webhook_endpoints(settings: ProcessorSettings) -> Endpoints:
    """Return the rules for the addresses of webhooks."""
    return Endpoints(settings.private_webhooks.split(","))
