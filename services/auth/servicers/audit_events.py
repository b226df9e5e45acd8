"""AuditEventService: the events of an account, for its owner."""

from smelt.auth.v1 import audit_events_pb2, audit_events_pb2_grpc

from services.auth.events.actions import AUTOMATIC
from services.auth.events.audit_events import AuditEvents
from services.common import identity
from services.common.rpc.servicing import Context


class AuditEventServicer(audit_events_pb2_grpc.AuditEventServiceServicer):
    """Events of the caller's account."""

    def __init__(self, events: AuditEvents) -> None:
        self._events = events

    async def ListAuditEvents(
        self, request: audit_events_pb2.ListAuditEventsRequest, context: Context
    ) -> audit_events_pb2.ListAuditEventsResponse:
        page, token = await self._events.page(
            identity.passport(context).account, token=request.page_token, size=request.page_size
        )
        return audit_events_pb2.ListAuditEventsResponse(
            audit_events=[
                audit_events_pb2.AuditEvent(
                    name=f"auditEvents/{event.id}",
                    time=event.time,
                    action=event.action,
                    outcome=event.outcome,
                    object=event.object,
                    client_address=event.client_address,
                    user_agent=event.user_agent,
                    details=event.details,
                    automatic=event.action in AUTOMATIC and event.outcome == "ok",
                )
                for event in page
            ],
            next_page_token=token,
        )
