"""The vault as auth knows it: it signs tokens, makes codes with the pepper, keeps events, destroys keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import grpc
from smelt.vault.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    erasure_pb2,
    erasure_pb2_grpc,
    signing_pb2,
    signing_pb2_grpc,
)

from services.auth.admission.grants import Work
from services.auth.events.audit_events import AuditEvent
from services.auth.passwords.passwords import Code
from services.auth.sessions.sessions import SignedToken
from services.common.errors import Kind as ErrorKind
from services.common.errors import RemoteError, Unavailable
from services.common.logs import log
from services.common.rpc.errors import peer_errors

#: A signature or a code takes the vault a millisecond; one that is this late will not come.
_SECONDS = 5.0
#: One call removes for some seconds.
_ERASE_SECONDS = 30.0
_LIST_SECONDS = 10.0


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


class VaultErasure:
    """The vault, as the one who destroys an account's key."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = erasure_pb2_grpc.ErasureServiceStub(channel)

    async def destroy_account_key(self, account: str) -> None:
        async with peer_errors():
            await self._stub.DestroyAccountKey(
                erasure_pb2.DestroyAccountKeyRequest(account=account), timeout=_ERASE_SECONDS
            )


class VaultEvents:
    """The vault, as the one who keeps the audit log of keys."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = audit_pb2_grpc.AuditServiceStub(channel)

    async def page(self, account: str, *, before: datetime | None, count: int) -> Sequence[AuditEvent]:
        events: list[audit_pb2.AuditEvent] = []
        request = audit_pb2.ListEventsRequest(account=account, end_time=before)
        while True:
            request.page_size = count - len(events)
            async with peer_errors():
                answer = await self._stub.ListEvents(request, timeout=_LIST_SECONDS)
            events += answer.events
            # A page may end before so many, by its bytes.
            request.page_token = answer.next_page_token
            if not request.page_token or len(events) >= count:
                break
        return [
            AuditEvent(
                # Its place in the log, in letters that a name may have.
                id=f"vault-{event.id.replace('/', '-')}",
                time=event.time.ToDatetime(UTC),
                action=event.action,
                outcome=event.outcome,
                object=event.object,
                details=dict(event.details),
            )
            for event in events
        ]
