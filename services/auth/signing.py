"""The vault as auth knows it: it signs tokens, and it makes codes with the pepper."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta

import grpc
from smelt.vault.v1 import signing_pb2, signing_pb2_grpc

from services.auth.check import SessionClaims
from services.auth.grants import Work
from services.auth.passwords import Code
from services.auth.sessions import SignedToken
from services.common.errors import Kind as ErrorKind
from services.common.errors import RemoteError, Unauthenticated, Unavailable
from services.common.grpc_errors import peer_errors
from services.common.logs import log
from services.common.tokens import Kind, TokenVerifier

#: A signature or a code takes the vault a millisecond; one that is this late will not come.
_SECONDS = 5.0


@asynccontextmanager
async def _answers() -> AsyncIterator[None]:
    """Turn whatever the vault refuses into UNAVAILABLE: what auth asks for is never a person's mistake."""
    try:
        async with peer_errors():
            yield
    except RemoteError as error:
        log.warning("vault.refused", reason=error.reason)
        if error.kind is ErrorKind.UNAVAILABLE:
            raise
        raise Unavailable from None


class Vault:
    """Signs and makes codes; raises Unavailable when the vault does not."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = signing_pb2_grpc.SigningServiceStub(channel)

    async def mac(self, digest: bytes, pepper_id: str) -> Code:
        async with _answers():
            answer = await self._stub.Mac(
                signing_pb2.MacRequest(digest=digest, pepper_id=pepper_id), timeout=_SECONDS
            )
        return Code(mac=answer.mac, pepper_id=answer.pepper_id)

    async def sign_session(self, account: str, session: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.SessionClaims(account=account, session=session)
        return await self._sign(signing_pb2.SignRequest(session=claims), life)

    async def sign_passport(
        self, account: str, session: str, *, scopes: tuple[str, ...], life: timedelta
    ) -> str:
        claims = signing_pb2.PassportClaims(account=account, session=session, scopes=scopes)
        return (await self._sign(signing_pb2.SignRequest(passport=claims), life)).token

    async def sign_grant(self, account: str, work: Work, *, life: timedelta) -> SignedToken:
        claims = signing_pb2.GrantClaims(
            purpose=work.purpose.value,
            account=account,
            job=work.job,
            file=work.file,
            parse=work.parse,
            api_key=work.api_key,
            first_row=work.first_row,
            last_row=work.last_row,
            template_count=work.template_count,
            release_budget=work.release_budget,
        )
        return await self._sign(signing_pb2.SignRequest(grant=claims), life)

    async def sign_erasure(self, account: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.ErasureClaims(account=account)
        return await self._sign(signing_pb2.SignRequest(erasure=claims), life)

    async def sign_export(self, account: str, export: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.ExportClaims(account=account, export=export)
        return await self._sign(signing_pb2.SignRequest(export=claims), life)

    async def _sign(self, request: signing_pb2.SignRequest, life: timedelta) -> SignedToken:
        request.lifetime_seconds = int(life.total_seconds())
        async with _answers():
            answer = await self._stub.Sign(request, timeout=_SECONDS)
        return SignedToken(answer.token, answer.token_id, answer.expire_time.ToDatetime(tzinfo=UTC))


class VerifiedSessions:
    """Session tokens, verified with the vault's public keys."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    async def verify(self, token: str) -> SessionClaims:
        claims = await self._verifier.verify(Kind.SESSION, token)
        account, session = claims.get("sub"), claims.get("sid")
        if not isinstance(account, str) or not isinstance(session, str):
            raise Unauthenticated
        # Anything else was never an id of ours, and the database need not be asked for it.
        if not (session.isascii() and session.isalnum()):
            raise Unauthenticated
        return SessionClaims(account=account, session=session)
