"""The vault, as auth uses it: it signs tokens, computes codes, lists events and destroys keys."""

from collections.abc import AsyncIterator, Collection, Sequence
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

from services.auth.admission.grants import GrantedWork, SignedGrant
from services.auth.events.audit_events import AuditEvent
from services.auth.passwords.passwords import Code
from services.auth.restoration.restoration import DatabaseState
from services.auth.sessions.sessions import SignedToken
from services.common.errors import Kind as ErrorKind
from services.common.errors import RemoteError, Unavailable
from services.common.logs import log
from services.common.rpc.errors import peer_errors

#: The vault signs within a millisecond. Shorter, and a busy machine fails logins; longer, and people wait for
#: an answer that will not come.
_SECONDS = 5.0
#: Destroying a key writes to the key store and the ledger, which takes up to a few seconds.
_ERASE_SECONDS = 30.0
_LIST_SECONDS = 10.0
#: A vault that has just started reads the whole ledger first.
_LEDGER_SECONDS = 30.0


@asynccontextmanager
async def _answers() -> AsyncIterator[None]:
    """Turn refusals of the vault into UNAVAILABLE: what auth asks for is never a person's mistake."""
    try:
        async with peer_errors():
            yield
    except RemoteError as error:
        log.warning("vault.refused", reason=error.reason)
        if error.kind is ErrorKind.UNAVAILABLE:
            raise
        raise Unavailable from None


class Vault:
    """Signs tokens and computes codes; raises Unavailable if the vault does not."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = signing_pb2_grpc.SigningServiceStub(channel)

    async def mac(self, digest: bytes, pepper_id: str) -> Code:
        async with _answers():
            answer = await self._stub.Mac(
                signing_pb2.MacRequest(digest=digest, pepper_id=pepper_id), timeout=_SECONDS
            )
        # An older vault names no current pepper; then no password counts as outdated.
        return Code(answer.mac, answer.pepper_id, answer.current_pepper_id or answer.pepper_id)

    async def sign_session(self, account: str, session: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.SessionClaims(account=account, session=session)
        return await self._sign(signing_pb2.SignRequest(session=claims), life)

    async def sign_passport(
        self, account: str, session: str, *, scopes: tuple[str, ...], generation: int, life: timedelta
    ) -> str:
        claims = signing_pb2.PassportClaims(
            account=account, session=session, scopes=scopes, generation=generation
        )
        return (await self._sign(signing_pb2.SignRequest(passport=claims), life)).token

    async def sign_grant(self, account: str, work: GrantedWork, *, life: timedelta) -> SignedGrant:
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
            economy=work.economy,
        )
        answer = await self._answer(signing_pb2.SignRequest(grant=claims), life)
        return SignedGrant(_token(answer), answer.sealed_token)

    async def sign_erasure(self, account: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.ErasureClaims(account=account)
        return await self._sign(signing_pb2.SignRequest(erasure=claims), life)

    async def sign_export(self, account: str, export: str, life: timedelta) -> SignedToken:
        claims = signing_pb2.ExportClaims(account=account, export=export)
        return await self._sign(signing_pb2.SignRequest(export=claims), life)

    async def _sign(self, request: signing_pb2.SignRequest, life: timedelta) -> SignedToken:
        return _token(await self._answer(request, life))

    async def _answer(self, request: signing_pb2.SignRequest, life: timedelta) -> signing_pb2.SignResponse:
        request.lifetime_seconds = int(life.total_seconds())
        async with _answers():
            answer: signing_pb2.SignResponse = await self._stub.Sign(request, timeout=_SECONDS)
        return answer


def _token(answer: signing_pb2.SignResponse) -> SignedToken:
    return SignedToken(answer.token, answer.token_id, answer.expire_time.ToDatetime(tzinfo=UTC))


class VaultErasure:
    """Destroys account keys."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = erasure_pb2_grpc.ErasureServiceStub(channel)

    async def destroy_account_key(self, account: str) -> None:
        async with peer_errors():
            await self._stub.DestroyAccountKey(
                erasure_pb2.DestroyAccountKeyRequest(account=account), timeout=_ERASE_SECONDS
            )


class VaultLedger:
    """The vault's erasure ledger: which accounts were erased, and which history auth's database has."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = erasure_pb2_grpc.ErasureServiceStub(channel)

    async def agrees(self, state: DatabaseState) -> bool:
        request = erasure_pb2.CompareHistoryRequest(history=state.history, settlement=state.settlement)
        async with peer_errors():
            return bool((await self._stub.CompareHistory(request, timeout=_LEDGER_SECONDS)).agrees)

    async def erased_accounts(self) -> AsyncIterator[Collection[str]]:
        request = erasure_pb2.ListErasedAccountsRequest()
        while True:
            async with peer_errors():
                answer = await self._stub.ListErasedAccounts(request, timeout=_LEDGER_SECONDS)
            if answer.accounts:
                yield list(answer.accounts)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return


class VaultEvents:
    """Reads an account's events from the vault's audit log."""

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
            # A page may end earlier because of its bytes.
            request.page_token = answer.next_page_token
            if not request.page_token or len(events) >= count:
                break
        return [
            AuditEvent(
                # The record's place in the log, in characters that a resource name can contain.
                id=f"vault-{event.id.replace('/', '-')}",
                time=event.time.ToDatetime(UTC),
                action=event.action,
                outcome=event.outcome,
                object=event.object,
                details=dict(event.details),
            )
            for event in events
        ]
