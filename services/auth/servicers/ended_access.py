"""EndedAccess: what ended with a proof or a new password, for several answers."""

from smelt.auth.v1 import ended_access_pb2

from services.auth.recovery.ended_access import EndedAccess


def ended_to_proto(ended: EndedAccess) -> ended_access_pb2.EndedAccess:
    """Return the message."""
    return ended_access_pb2.EndedAccess(
        sessions=ended.sessions,
        devices=ended.devices,
        access_tokens=ended.access_tokens,
        webhooks=ended.suspended.webhooks,
        jobs=ended.suspended.jobs,
        api_keys=ended.suspended.api_keys,
        password=ended.password,
        pending=ended.pending,
    )
