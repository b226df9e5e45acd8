"""Access tokens for scripts: shown once, with scopes and an expiry."""

from __future__ import annotations

from datetime import datetime

from .call import Call, ResourceName, deleting, getting, given, listing, reading
from .methods import AsyncResource, Resource, async_paging, awaiting, blocking, paging
from .models import AccessToken, NewAccessToken, Page


def create_access_token(
    display_name: str, scopes: list[str], *, expire_time: datetime | None = None
) -> Call[NewAccessToken]:
    """Create an access token. The response contains the token, so the call is never sent twice."""
    ends = expire_time.astimezone().isoformat() if expire_time is not None else None
    body = {"display_name": display_name, "scopes": scopes, **given(expire_time=ends)}
    return Call("POST", "/v1/accessTokens", reading(NewAccessToken), body=body)


def list_access_tokens(*, page_size: int | None = None) -> Call[Page[AccessToken]]:
    """Iterate over all access tokens."""
    return listing(AccessToken, "accessTokens", "access_tokens", page_size=page_size)


def get_access_token(name: ResourceName) -> Call[AccessToken]:
    """Return an access token's details, without the token itself."""
    return getting(AccessToken, "accessTokens", name)


def delete_access_token(name: ResourceName = "current") -> Call[None]:
    """Revoke an access token: the current one, or the one named."""
    return deleting("accessTokens", name)


class AccessTokens(Resource):
    """Access tokens."""

    create = blocking(create_access_token)
    list = paging(list_access_tokens)
    get = blocking(get_access_token)
    delete = blocking(delete_access_token)


class AsyncAccessTokens(AsyncResource):
    """Access tokens."""

    create = awaiting(create_access_token)
    list = async_paging(list_access_tokens)
    get = awaiting(get_access_token)
    delete = awaiting(delete_access_token)
