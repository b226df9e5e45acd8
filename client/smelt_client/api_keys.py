"""API keys of a provider: they can be added, activated and deleted, but never read."""

from __future__ import annotations

from .call import Call, ResourceName, deleting, getting, given, listing, named, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import ApiKey, ApiKeyUse, KeyTest, Page


def create_api_key(
    secret: str,
    *,
    label: str = "",
    base_url: str = "",
    kind: str = "",
    timeout_seconds: int = 0,
    idempotency_key: str | None = None,
) -> Call[ApiKey]:
    """Save a key. An account's first key becomes the active one; without a base URL the key is for OpenAI.

    The kind is `OPENAI` or `AZURE_OPENAI`. The provider may take `timeout_seconds` for one answer, 5 to 900.
    """
    settings = given(
        label=label or None,
        base_url=base_url or None,
        kind=kind or None,
        timeout_seconds=timeout_seconds or None,
    )
    return Call(
        "POST",
        "/v1/apiKeys",
        reading(ApiKey),
        body={"secret": secret, **settings},
        creates=True,
        idempotency_key=idempotency_key,
    )


def list_api_keys(*, page_size: int | None = None) -> Call[Page[ApiKey]]:
    """Iterate over all keys."""
    return listing(ApiKey, "apiKeys", "api_keys", page_size=page_size)


def get_api_key(name: ResourceName) -> Call[ApiKey]:
    """Return a key's details, without the secret."""
    return getting(ApiKey, "apiKeys", name)


def delete_api_key(name: ResourceName) -> Call[None]:
    """Delete a key. Jobs stop using it within a second."""
    return deleting("apiKeys", name)


def activate_api_key(name: ResourceName) -> Call[ApiKey]:
    """Make a key the active one, which new jobs use."""
    path = f"/v1/{named('apiKeys', name)}:activate"
    return Call("POST", path, reading(ApiKey), repeatable=True)


def list_api_key_uses(name: ResourceName, *, page_size: int | None = None) -> Call[Page[ApiKeyUse]]:
    """Iterate over a key's uses, newest first: which job, when, how many calls."""
    return listing(ApiKeyUse, f"{named('apiKeys', name)}/uses", "uses", page_size=page_size)


def try_api_key(name: ResourceName, *, model: str = "") -> Call[KeyTest]:
    """Test a key with its provider, by one call for one token, which is billed to the key."""
    path = f"/v1/{named('apiKeys', name)}:test"
    return Call("POST", path, reading(KeyTest), body=given(model=model or None), slow=True)


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
