"""Audit records and the chain that binds each to all before it.

A record's MAC covers the MAC before it, so nobody without the audit key can alter, reorder, insert or drop a
record unnoticed. No record contains a secret; a released key is named by its keyed digest.
"""

import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import orjson

from services.common.errors import DomainError, Kind
from services.vault.audit.actions import Action, RefusedCall

_FORMAT = b"smelt/audit/v1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class AuditUnavailable(DomainError):
    """The audit record could not be made durable in time, so nothing was done."""

    reason = "AUDIT_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    message = "The audit log cannot be written, so nothing was done; try again later"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: the account and object, the action, its outcome, and further details."""

    account: str
    object: str
    action: Action | RefusedCall
    outcome: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Audit(Protocol):
    """Records events; raises AuditUnavailable."""

    async def record(self, event: Event) -> None: ...


@dataclass(frozen=True, slots=True)
class Record:
    """An event in its place in a chain, as it is stored."""

    chain: str
    seq: int
    time: datetime
    account: str
    object: str
    action: str
    outcome: str
    body: str
    mac: bytes


@dataclass(slots=True)
class Head:
    """The end of a chain."""

    chain: str
    seq: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class Chain:
    """The MAC chain of one installation's audit log."""

    installation: str
    key: bytearray = field(repr=False)

    def genesis(self, chain: str) -> Head:
        """Return the head of a chain without records."""
        content = _joined(_FORMAT, b"genesis", self.installation.encode(), chain.encode())
        return Head(chain, 0, hmac.digest(self.key, content, "sha256"))

    def append(self, head: Head, event: Event, time: datetime) -> Record:
        """Return the record of an event that follows `head`, and move `head` onto it."""
        body = orjson.dumps(event.details, option=orjson.OPT_SORT_KEYS).decode()
        said = event.account, event.object, event.action, event.outcome, body
        seq = head.seq + 1
        mac = self._mac(head.mac, head.chain, seq, time, *said)
        head.seq, head.mac = seq, mac
        return Record(head.chain, seq, time, *said, mac)

    def follows(self, record: Record, before: bytes) -> bool:
        """Tell whether a stored record is the one that was written after the record with MAC `before`."""
        said = record.account, record.object, record.action, record.outcome, record.body
        mac = self._mac(before, record.chain, record.seq, record.time, *said)
        return hmac.compare_digest(mac, record.mac)

    def _mac(self, before: bytes, chain: str, seq: int, time: datetime, *said: str) -> bytes:
        content = _joined(
            _FORMAT,
            before,
            chain.encode(),
            seq.to_bytes(8, "big"),
            ((time - _EPOCH) // _MICROSECOND).to_bytes(8, "big"),
            *(each.encode() for each in said),
        )
        return hmac.digest(self.key, content, "sha256")


def _joined(*fields: bytes) -> bytes:
    return b"".join([struct.pack(">I", len(field)) + field for field in fields])
