"""The installation's own keys: token signing pairs, peppers, audit and digest keys, the seal of grants."""

import hmac
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.errors import DomainError, Kind
from services.common.tokens import Kind as TokenKind
from services.vault.audit.statements import CheckpointKeys
from services.vault.crypto.secret import wipe, wiped
from services.vault.keys.keyring import Keyring
from services.vault.signing import SigningKey

ACTIVE = "active"
_PEPPER = "pepper"
_AUDIT = "audit"
_DIGEST = "digest"
_CHECKPOINT = "checkpoint"
_GRANT_SEAL = "grant-seal"
_TOKEN = {f"token/{kind.value}": kind for kind in TokenKind}
# Ed25519 seeds have 32 bytes (RFC 8032); a MAC key is as long as its hash's output (RFC 2104).
_LENGTHS = {
    **dict.fromkeys(_TOKEN, 32),
    _PEPPER: 48,
    _AUDIT: 32,
    _DIGEST: 32,
    _CHECKPOINT: 32,
    _GRANT_SEAL: 32,
}
_FROM_THE_BEGINNING = {"token/session", "token/passport", "token/grant", _PEPPER, _AUDIT, _DIGEST}


class PepperNotFound(DomainError):
    """The vault has no pepper with this id."""

    reason = "PEPPER_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Pepper not found"


@dataclass(frozen=True, slots=True)
class SystemKeyRow:
    """One of the installation's own keys as the key store has it."""

    kind: str
    id: str
    wrapped: bytes = field(repr=False)
    state: str = ACTIVE


class Macs:
    """Computes codes with keys that never leave the vault."""

    def __init__(self, peppers: Sequence[tuple[str, bytearray, bool]], digest_key: bytearray) -> None:
        """`peppers` are (id, key, whether it is the current one)."""
        self._peppers = {id_: key for id_, key, _ in peppers}
        (self.current_pepper_id,) = [id_ for id_, _, current in peppers if current]
        self._digest_key = digest_key

    def pepper(self, digest: bytes, pepper_id: str) -> tuple[bytes, str]:
        """Return HMAC-SHA-384 under the pepper (empty: the current one) and its id; raise PepperNotFound."""
        pepper_id = pepper_id or self.current_pepper_id
        if (key := self._peppers.get(pepper_id)) is None:
            raise PepperNotFound
        return hmac.digest(key, digest, "sha384"), pepper_id

    def digest(self, label: str, *parts: bytes | bytearray) -> bytes:
        """Return a keyed digest of secrets and their context, by which equal inputs are recognised."""
        code = hmac.new(self._digest_key, label.encode() + b"\0", sha256)
        for part in parts:
            code.update(len(part).to_bytes(4, "big"))
            code.update(part)
        return code.digest()

    def page_key(self, service: str) -> bytes:
        """Return the key of a service's page tokens, 32 bytes, from which the digest key cannot be learnt."""
        return self.digest("page tokens", service.encode())


@dataclass(frozen=True, slots=True)
class SystemKeys:
    """The installation's own keys, opened."""

    signing: Sequence[SigningKey]
    macs: Macs
    checkpoints: CheckpointKeys
    audit: bytearray = field(repr=False)
    grant_seal: bytearray = field(repr=False)


def new_rows(keyring: Keyring) -> list[SystemKeyRow]:
    """Return a first key of each kind."""
    return _made(keyring, _LENGTHS)


def late_rows(keyring: Keyring, known: Collection[str]) -> list[SystemKeyRow]:
    """Return a first key of each kind that was added after the first release and does not exist yet.

    Kinds of the first release are never created again: if such a key is missing, it was lost.
    """
    return _made(keyring, _LENGTHS.keys() - _FROM_THE_BEGINNING - set(known))


def _made(keyring: Keyring, kinds: Iterable[str]) -> list[SystemKeyRow]:
    rows = []
    for kind in kinds:
        length = _LENGTHS[kind]
        key_id = os.urandom(8).hex()
        with wiped(bytearray(os.urandom(length))) as key:
            rows.append(SystemKeyRow(kind, key_id, keyring.wrap_system_key(kind, key_id, key)))
    return rows


def open_rows(rows: Sequence[SystemKeyRow], keyring: Keyring) -> SystemKeys:
    """Return the keys in the rows; raise DoesNotOpen."""
    signing: list[SigningKey] = []
    peppers: list[tuple[str, bytearray, bool]] = []
    single: dict[str, bytearray] = {}
    checkpoints: dict[str, Ed25519PrivateKey] = {}
    checkpoint_key = ""
    for row in rows:
        key = keyring.open_system_key(row.kind, row.id, row.wrapped)
        active = row.state == ACTIVE
        if row.kind in _TOKEN:
            private = Ed25519PrivateKey.from_private_bytes(bytes(key))
            signing.append(SigningKey(_TOKEN[row.kind], row.id, private, active=active))
            wipe(key)
        elif row.kind == _CHECKPOINT:
            checkpoints[row.id] = Ed25519PrivateKey.from_private_bytes(bytes(key))
            checkpoint_key = row.id if active else checkpoint_key
            wipe(key)
        elif row.kind == _PEPPER:
            peppers.append((row.id, key, active))
        elif active:
            single[row.kind] = key
    return SystemKeys(
        signing,
        Macs(peppers, single[_DIGEST]),
        CheckpointKeys(checkpoint_key, checkpoints),
        single[_AUDIT],
        single[_GRANT_SEAL],
    )
