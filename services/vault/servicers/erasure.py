"""ErasureService and ErasureLedgerService on the wire."""

from smelt.vault.v1 import erasure_pb2, erasure_pb2_grpc

from services.common import identity, paging
from services.common.rpc.servicing import Context
from services.vault.erasure.erasures import Erasures, Ledger
from services.vault.erasure.ledger import Entry, EntryKind, Mark
from services.vault.erasure.ledger_file import Reader
from services.vault.erasure.restoration import Restoration
from services.vault.erasure.service_histories import ServiceHistories

#: Of one page of erased accounts, whether or not the entries are about accounts.
_MOST_ENTRIES = 1000
_KINDS = {
    EntryKind.ACCOUNT: erasure_pb2.Erasure.ACCOUNT,
    EntryKind.API_KEY: erasure_pb2.Erasure.API_KEY,
    EntryKind.HISTORY: erasure_pb2.Erasure.HISTORY,
    EntryKind.SERVICE_HISTORY: erasure_pb2.Erasure.SERVICE_HISTORY,
}


class ErasureServicer(erasure_pb2_grpc.ErasureServiceServicer):
    """Erases accounts for good, and tells a service whether its database may have brought one back."""

    def __init__(self, erasures: Erasures, services: ServiceHistories) -> None:
        self._erasures = erasures
        self._services = services

    async def DestroyAccountKey(
        self, request: erasure_pb2.DestroyAccountKeyRequest, context: Context
    ) -> erasure_pb2.DestroyAccountKeyResponse:
        since = await self._erasures.destroy_account(request.account, caller=identity.current_call().caller)
        answer = erasure_pb2.DestroyAccountKeyResponse()
        answer.destroy_time.FromDatetime(since)
        return answer

    async def CompareHistory(
        self, request: erasure_pb2.CompareHistoryRequest, context: Context
    ) -> erasure_pb2.CompareHistoryResponse:
        caller = identity.current_call().caller
        compared = await self._services.compare(caller, request.history, request.settlement)
        return erasure_pb2.CompareHistoryResponse(agrees=compared.agrees, known_history=compared.known)

    async def ListErasedAccounts(
        self, request: erasure_pb2.ListErasedAccountsRequest, context: Context
    ) -> erasure_pb2.ListErasedAccountsResponse:
        ledger = self._erasures.ledger
        reader = _reader(request.page_token) or ledger.reader()
        entries = await ledger.follow(reader, most=_MOST_ENTRIES)
        return erasure_pb2.ListErasedAccountsResponse(
            accounts=[
                entry.tombstone.account for entry in entries if entry.tombstone.kind is EntryKind.ACCOUNT
            ],
            next_page_token=_token(reader) if entries else "",
        )


class ErasureLedgerServicer(erasure_pb2_grpc.ErasureLedgerServiceServicer):
    """The ledger for operators; it also answers while the vault is not ready."""

    def __init__(self, ledger: Ledger, restoration: Restoration) -> None:
        self._ledger = ledger
        self._restoration = restoration

    async def ListErasures(
        self, request: erasure_pb2.ListErasuresRequest, context: Context
    ) -> erasure_pb2.ListErasuresResponse:
        reader = _reader(request.page_token) or self._ledger.reader()
        entries = await self._ledger.follow(reader, most=paging.size(request.page_size))
        return erasure_pb2.ListErasuresResponse(
            erasures=[_to_proto(entry) for entry in entries],
            next_page_token=_token(reader) if entries else "",
        )

    async def ReplayErasures(
        self, request: erasure_pb2.ReplayErasuresRequest, context: Context
    ) -> erasure_pb2.ReplayErasuresResponse:
        replayed = await self._restoration.replay()
        return erasure_pb2.ReplayErasuresResponse(
            accounts=replayed.accounts, api_keys=replayed.api_keys, destroyed=replayed.destroyed
        )


def _to_proto(entry: Entry) -> erasure_pb2.Erasure:
    told = erasure_pb2.Erasure(
        seq=entry.seq,
        kind=_KINDS[entry.tombstone.kind],
        account=entry.tombstone.account,
        object=entry.tombstone.object,
    )
    told.time.FromDatetime(entry.time)
    return told


def _token(reader: Reader) -> str:
    return f"{reader.mark.seq}.{reader.offset}.{reader.mark.mac.hex()}"


def _reader(token: str) -> Reader | None:
    """Return where the previous page ended. A forged position fails at the next entry's MAC."""
    if not token:
        return None
    try:
        seq, offset, mac = token.split(".")
        return Reader(Mark(int(seq), bytes.fromhex(mac)), abs(int(offset)))
    except ValueError:
        raise paging.PageTokenInvalid from None
