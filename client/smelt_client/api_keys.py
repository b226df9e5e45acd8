"""API keys of a provider: they can be added, chosen and deleted, and never read."""

from __future__ import annotations

from .call import (
    AsyncResource,
    Call,
    Resource,
    async_paging,
    awaiting,
    blocking,
    deleting,
    getting,
    given,
    listing,
    named,
    paging,
    reading,
)
from .models import ApiKey, ApiKeyUse, KeyTest, Page


def create_api_key(
    secret: str, *, label: str = "", base_url: str = "", idempotency_key: str | None = None
) -> Call[ApiKey]:
    """Save a key. The first one becomes the active one; without a base URL it is one of OpenAI."""
    return Call(
        "POST",
        "/v1/apiKeys",
        reading(ApiKey),
        body={"secret": secret, **given(label=label or None, base_url=base_url or None)},
        creates=True,
        idempotency_key=idempotency_key,
    )


def list_api_keys(*, page_size: int | None = None) -> Call[Page[ApiKey]]:
    """Go through all keys."""
    return listing(ApiKey, "apiKeys", "api_keys", page_size=page_size)


def get_api_key(name: str) -> Call[ApiKey]:
    """Return what may be seen of a key."""
    return getting(ApiKey, "apiKeys", name)


def delete_api_key(name: str) -> Call[None]:
    """Delete a key; jobs stop using it within a second."""
    return deleting("apiKeys", name)


def activate_api_key(name: str) -> Call[ApiKey]:
    """Make a key the one that new jobs use."""
    path = f"/v1/{named('apiKeys', name)}:activate"
    return Call("POST", path, reading(ApiKey), repeatable=True)


def list_api_key_uses(name: str, *, page_size: int | None = None) -> Call[Page[ApiKeyUse]]:
    """Go through the uses of a key, newest first: which job, when, how many calls."""
    return listing(ApiKeyUse, f"{named('apiKeys', name)}/uses", "uses", page_size=page_size)


def try_api_key(name: str, *, model: str = "") -> Call[KeyTest]:
    """Try a key at its provider, with one call for one token that is paid with it."""
    path = f"/v1/{named('apiKeys', name)}:test"
    return Call("POST", path, reading(KeyTest), body=given(model=model or None))


class ApiKeys(Resource):
    """API keys."""

    create = blocking(create_api_key)
    list = paging(list_api_keys)
    get = blocking(get_api_key)
    delete = blocking(delete_api_key)
    activate = blocking(activate_api_key)
    uses = paging(list_api_key_uses)
    test = blocking(try_api_key)


class AsyncApiKeys(AsyncResource):
    """API keys."""

    create = awaiting(create_api_key)
    list = async_paging(list_api_keys)
    get = awaiting(get_api_key)
    delete = awaiting(delete_api_key)
    activate = awaiting(activate_api_key)
    uses = async_paging(list_api_key_uses)
    test = awaiting(try_api_key)
