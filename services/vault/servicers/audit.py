"""AuditService on the wire: the records that an account's owner may see."""

from datetime import UTC, datetime
from functools import partial

from google.protobuf.timestamp_pb2 import Timestamp
from smelt.vault.v1 import audit_pb2, audit_pb2_grpc

from services.common import paging
from services.common.errors import InvalidRequest
from services.common.rpc.servicing import Context
from services.vault.audit.reading import ReadsAudit, Recorded


class AuditServicer(audit_pb2_grpc.AuditServiceServicer):
    """Events of an account, for auth."""

    def __init__(self, reader: ReadsAudit) -> None:
        self._reader = reader

    async def ListEvents(
        self, request: audit_pb2.ListEventsRequest, context: Context
    ) -> audit_pb2.ListEventsResponse:
        since = _moment(request.start_time, "start_time") if request.HasField("start_time") else None
        until = _moment(request.end_time, "end_time") if request.HasField("end_time") else None
        page, token = await paging.page(
            request,
            partial(self._reader.events, request.account, since, until),
            show=_to_proto,
            place=lambda event: event.position,
        )
        return audit_pb2.ListEventsResponse(events=page, next_page_token=token)


def _moment(stamp: Timestamp, field: str) -> datetime:
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(violations=[(field, "must be a time from year 1 to 9999")]) from None


def _to_proto(record: Recorded) -> audit_pb2.AuditEvent:
    proto = audit_pb2.AuditEvent(
        id=f"{record.chain}/{record.seq}",
        object=record.object,
        action=record.action,
        outcome=record.outcome,
        details=record.details,
    )
    proto.time.FromDatetime(record.time)
    return proto
