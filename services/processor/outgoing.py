"""What goes out to the internet, as the settings bound it: calls to providers, messages to webhooks."""

from services.processor.provider.addresses import Endpoints
from services.processor.provider.provider import Limits, Provider
from services.processor.settings import ProcessorSettings


def provider_of(settings: ProcessorSettings) -> Provider:
    """Return the client of providers; its connections are opened with the first call."""
    return Provider(
        Endpoints(settings.private_providers.split(",")),
        Limits(
            connect_seconds=settings.provider_connect_seconds,
            total_seconds=settings.provider_total_seconds,
            answer_bytes=settings.max_answer_bytes,
        ),
    )


def webhook_endpoints(settings: ProcessorSettings) -> Endpoints:
    """Return the addresses to which webhooks may point."""
    return Endpoints(settings.private_webhooks.split(","))
