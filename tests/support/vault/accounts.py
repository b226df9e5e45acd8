"""What auth asks about whole accounts: AuditService and ErasureService of the stand-in."""

from collections.abc import Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp
from smelt.vault.v1 import audit_pb2, audit_pb2_grpc, erasure_pb2, erasure_pb2_grpc

from services.common import identity, paging
from services.common.errors import InvalidRequest
from services.common.paging import PageTokenInvalid, Position
from services.common.rpc.servicing import Context
from tests.support.vault.known import Event, Known


class Audit(audit_pb2_grpc.AuditServiceServicer):
    """Events of an account, newest first."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def ListEvents(
        self, request: audit_pb2.ListEventsRequest, context: Context
    ) -> audit_pb2.ListEventsResponse:
        since = _moment(request.start_time, "start_time") if request.HasField("start_time") else None
        until = _moment(request.end_time, "end_time") if request.HasField("end_time") else None

        async def read(after: Position | None, count: int) -> Sequence[Event]:
            if after is not None and not after.id.isdecimal():
                raise PageTokenInvalid
            found = [
                event
                for event in reversed(self._known.events)
                if event.account == request.account
                and (since is None or event.time >= since)
                and (until is None or event.time < until)
                and (after is None or event.seq < int(after.id))
            ]
            return found[:count]

        page, token = await paging.page(
            request, read, show=_to_proto, place=lambda each: Position(each.time, str(each.seq))
        )
        return audit_pb2.ListEventsResponse(events=page, next_page_token=token)


class Erasure(erasure_pb2_grpc.ErasureServiceServicer):
    """Ends accounts for good."""

    def __init__(self, known: Known) -> None:
        self._known = known

    async def DestroyAccountKey(
        self, request: erasure_pb2.DestroyAccountKeyRequest, context: Context
    ) -> erasure_pb2.DestroyAccountKeyResponse:
        if request.account == "operator":
            raise InvalidRequest(violations=[("account", "is not an account of a person")])
        answer = erasure_pb2.DestroyAccountKeyResponse()
        answer.destroy_time.FromDatetime(
            self._known.erase(request.account, caller=identity.current_call().caller)
        )
        return answer

    async def CompareHistory(
        self, request: erasure_pb2.CompareHistoryRequest, context: Context
    ) -> erasure_pb2.CompareHistoryResponse:
        agrees, known = self._known.compare(
            identity.current_call().caller, request.history, request.settlement
        )
        return erasure_pb2.CompareHistoryResponse(agrees=agrees, known_history=known)

    async def ListErasedAccounts(
        self, request: erasure_pb2.ListErasedAccountsRequest, context: Context
    ) -> erasure_pb2.ListErasedAccountsResponse:
        return erasure_pb2.ListErasedAccountsResponse(accounts=self._known.account_keys.erased)


def _moment(stamp: Timestamp, field: str) -> datetime:
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(violations=[(field, "must be a time from year 1 to 9999")]) from None


def _to_proto(event: Event) -> audit_pb2.AuditEvent:
    proto = audit_pb2.AuditEvent(
        id=f"0/{event.seq}",
        object=event.object,
        action=event.action,
        outcome=event.outcome,
        details=event.details,
    )
    proto.time.FromDatetime(event.time)
    return proto
