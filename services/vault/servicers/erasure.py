"""ErasureService and ErasureLedgerService on the wire."""

from smelt.vault.v1 import erasure_pb2, erasure_pb2_grpc

from services.common import identity, paging
from services.common.rpc.servicing import Context
from services.vault.erasure.erasures import Erasures, Ledger
from services.vault.erasure.ledger import Entry, EntryKind, Mark
from services.vault.erasure.ledger_file import Reader
from services.vault.erasure.restoration import Restoration

_KINDS = {
    EntryKind.ACCOUNT: erasure_pb2.Erasure.ACCOUNT,
    EntryKind.API_KEY: erasure_pb2.Erasure.API_KEY,
    EntryKind.HISTORY: erasure_pb2.Erasure.HISTORY,
}


class ErasureServicer(erasure_pb2_grpc.ErasureServiceServicer):
    """Erases accounts for good."""

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures

    async def DestroyAccountKey(
        self, request: erasure_pb2.DestroyAccountKeyRequest, context: Context
    ) -> erasure_pb2.DestroyAccountKeyResponse:
        since = await self._erasures.destroy_account(request.account, caller=identity.current_call().caller)
        answer = erasure_pb2.DestroyAccountKeyResponse()
        answer.destroy_time.FromDatetime(since)
        return answer


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
