"""This process's certificate, key and authority, read again when their files change."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.common.logs import describe, log
from services.common.metrics import CERTIFICATE_EXPIRY
from services.common.settings import PeerSettings

#: How long files are taken for unchanged. Asking the file system for each call would cost as much as some
#: calls; a renewal comes days before the old certificate ends.
LOOK_SECONDS = 1.0
_Stamp = tuple[tuple[int, int, int], ...]


class NotAPair(Exception):
    """The key does not belong to the certificate: one of the files was replaced, the other not yet."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a handshake needs, as PEM."""

    key: bytes = field(repr=False)
    chain: bytes
    authority: bytes


class CertificateFiles:
    """Three files that others renew in place.

    Files that do not fit together are left alone, and the material from before is used on: the renewal may be
    between two writes.
    """

    def __init__(self, settings: PeerSettings) -> None:
        """Read the files; raise what a missing or unusable file raises: there is nothing to go on with."""
        self._paths = (settings.tls_key_file, settings.tls_cert_file, settings.tls_ca_file)
        self._seen = _stamp(self._paths)
        self._looked = time.monotonic()
        self._material = _read(self._paths)

    def current(self) -> Material:
        """Return the newest usable material; the same object as before if nothing has changed."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._material

    def _look(self) -> None:
        try:
            stamp = _stamp(self._paths)
            if stamp == self._seen:
                return
            material = _read(self._paths)
            # What changed while it was read is read again the next time.
            if _stamp(self._paths) != stamp:
                return
        except (OSError, ValueError, NotAPair) as error:
            log.warning("certificates.unusable", **describe(error))
            return
        self._seen = stamp
        if material != self._material:
            self._material = material
            log.info("certificates.renewed")


def _stamp(paths: tuple[Path, ...]) -> _Stamp:
    found = [path.stat() for path in paths]
    return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)


def _read(paths: tuple[Path, ...]) -> Material:
    key, chain, authority = (path.read_bytes() for path in paths)
    own = x509.load_pem_x509_certificates(chain)[0]
    x509.load_pem_x509_certificates(authority)
    if load_pem_private_key(key, password=None).public_key() != own.public_key():
        raise NotAPair
    CERTIFICATE_EXPIRY.set(own.not_valid_after_utc.timestamp())
    return Material(key, chain, authority)
