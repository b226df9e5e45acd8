"""Signed statements about the audit log, one JSON object per line: checkpoints, and archived months.

They are kept where the database's administrators cannot write, and the public key suffices to check them: the
signature (Ed25519, RFC 8032) is over SIGNED_AS followed by the object without its signature, as JSON with
sorted keys and without spaces.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.vault.audit.chain import Head

SIGNED_AS = b"smelt/audit/statement/v1\n"
_CHECKPOINT = "checkpoint"
_ARCHIVE = "archive"


class StatementForged(Exception):
    """A line is not a statement that this installation has signed; the text says why."""


@dataclass(frozen=True, slots=True)
class CheckpointKeys:
    """The key pairs that statements are signed with, by id; `current` signs."""

    current: str
    private: Mapping[str, Ed25519PrivateKey] = field(repr=False)

    def public(self) -> Mapping[str, Ed25519PublicKey]:
        """Return the keys that check statements, including those signed before a rotation."""
        return {id_: key.public_key() for id_, key in self.private.items()}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """At this time the chain had `seq` records and ended with this MAC."""

    chain: str
    seq: int
    mac: bytes
    time: datetime


@dataclass(frozen=True, slots=True)
class ArchivedChain:
    """The part of one chain that a month contained: the records after `before` up to `last`."""

    chain: str
    before: Head
    last: Head


@dataclass(frozen=True, slots=True)
class Archive:
    """A month's records, verified and written to a file with this digest before they were dropped."""

    month: str
    records: int
    sha256: str
    chains: tuple[ArchivedChain, ...]
    time: datetime


Statement = Checkpoint | Archive


@dataclass(frozen=True, slots=True)
class Statements:
    """Signs and reads statements of one installation."""

    installation: str
    keys: CheckpointKeys

    def line(self, statement: Statement) -> str:
        """Return the signed statement, without a line break."""
        says = {**_fields(statement), "installation": self.installation, "key": self.keys.current}
        signature = self.keys.private[self.keys.current].sign(_content(says))
        return orjson.dumps({**says, "signature": signature.hex()}).decode()

    def read(self, line: str | bytes) -> Statement:
        """Return the statement in a line that this installation signed; raise StatementForged."""
        return read(line, installation=self.installation, keys=self.keys.public())


def read(line: str | bytes, *, installation: str, keys: Mapping[str, Ed25519PublicKey]) -> Statement:
    """Return the statement in a line, which may be a line of the vault's log; raise StatementForged."""
    try:
        says = orjson.loads(line)
        says = says.get("statement", says)
        signature = bytes.fromhex(says.pop("signature"))
        key = keys[says["key"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StatementForged("is not a signed statement, or names an unknown key") from None
    try:
        key.verify(signature, _content(says))
    except InvalidSignature:
        raise StatementForged("was altered: its signature is not valid") from None
    if says.get("installation") != installation:
        raise StatementForged("belongs to another installation")
    return _statement(says)


def _content(says: Mapping[str, Any]) -> bytes:
    return SIGNED_AS + orjson.dumps(says, option=orjson.OPT_SORT_KEYS)


def _fields(statement: Statement) -> dict[str, Any]:
    time = statement.time.astimezone(UTC).isoformat()
    if isinstance(statement, Checkpoint):
        return {
            "kind": _CHECKPOINT,
            "chain": statement.chain,
            "seq": statement.seq,
            "mac": statement.mac.hex(),
            "time": time,
        }
    return {
        "kind": _ARCHIVE,
        "month": statement.month,
        "records": statement.records,
        "sha256": statement.sha256,
        "chains": [
            {
                "chain": each.chain,
                "before_seq": each.before.seq,
                "before_mac": each.before.mac.hex(),
                "last_seq": each.last.seq,
                "last_mac": each.last.mac.hex(),
            }
            for each in statement.chains
        ],
        "time": time,
    }


def _statement(says: Mapping[str, Any]) -> Statement:
    time = datetime.fromisoformat(says["time"])
    if says["kind"] not in (_CHECKPOINT, _ARCHIVE):
        raise StatementForged("is of a kind that this version does not know")
    if says["kind"] == _CHECKPOINT:
        return Checkpoint(says["chain"], says["seq"], bytes.fromhex(says["mac"]), time)
    chains = tuple(
        ArchivedChain(
            each["chain"],
            Head(each["chain"], each["before_seq"], bytes.fromhex(each["before_mac"])),
            Head(each["chain"], each["last_seq"], bytes.fromhex(each["last_mac"])),
        )
        for each in says["chains"]
    )
    return Archive(says["month"], says["records"], says["sha256"], chains, time)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return a short name by which people compare a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
