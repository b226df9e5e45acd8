"""AccessTokenService: proto to domain and back for access tokens."""

from datetime import UTC, datetime
from functools import partial

from smelt.auth.v1 import access_tokens_pb2, access_tokens_pb2_grpc

from services.auth.tokens.access_tokens import AccessToken, AccessTokenExpiry, AccessTokens
from services.common import identity, paging
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context

_COLLECTION = "accessTokens"


class AccessTokenServicer(access_tokens_pb2_grpc.AccessTokenServiceServicer):
    """The caller's access tokens."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    async def CreateAccessToken(
        self, request: access_tokens_pb2.CreateAccessTokenRequest, context: Context
    ) -> access_tokens_pb2.CreateAccessTokenResponse:
        new = await self._tokens.create(
            identity.passport(context).account,
            request.display_name,
            scopes=request.scopes,
            expire_time=_end(request),
        )
        await context.send_initial_metadata(CREATED)
        token = new.token
        return access_tokens_pb2.CreateAccessTokenResponse(
            name=f"{_COLLECTION}/{token.id}",
            display_name=token.display_name,
            scopes=token.scopes,
            create_time=token.create_time,
            expire_time=token.expire_time,
            token=new.text,
        )

    async def ListAccessTokens(
        self, request: access_tokens_pb2.ListAccessTokensRequest, context: Context
    ) -> access_tokens_pb2.ListAccessTokensResponse:
        account = identity.passport(context).account
        page, token = await paging.page(request, partial(self._tokens.page, account), show=_to_proto)
        return access_tokens_pb2.ListAccessTokensResponse(
            access_tokens=page,
            next_page_token=token,
        )

    async def GetAccessToken(
        self, request: access_tokens_pb2.GetAccessTokenRequest, context: Context
    ) -> access_tokens_pb2.AccessToken:
        id_ = parse_name(_COLLECTION, request.name)
        return _to_proto(await self._tokens.get(identity.passport(context).account, id_))

    async def DeleteAccessToken(
        self, request: access_tokens_pb2.DeleteAccessTokenRequest, context: Context
    ) -> access_tokens_pb2.DeleteAccessTokenResponse:
        await self._tokens.end(identity.passport(context), parse_name(_COLLECTION, request.name))
        return access_tokens_pb2.DeleteAccessTokenResponse()


def _end(request: access_tokens_pb2.CreateAccessTokenRequest) -> datetime | None:
    if not request.HasField("expire_time"):
        return None
    try:
        end: datetime = request.expire_time.ToDatetime(UTC)
    except (ValueError, OverflowError):
        # Before the year 1 or after 9999.
        raise AccessTokenExpiry from None
    return end


def _to_proto(token: AccessToken) -> access_tokens_pb2.AccessToken:
    return access_tokens_pb2.AccessToken(
        name=f"{_COLLECTION}/{token.id}",
        display_name=token.display_name,
        scopes=token.scopes,
        create_time=token.create_time,
        expire_time=token.expire_time,
        last_used_time=token.last_used_time,
    )
