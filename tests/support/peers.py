"""Processes as their peers know them: by their certificates."""

from deploy.local.certificates import Certificates
from services.common.settings import PeerSettings


def peer(certificates: Certificates, name: str) -> PeerSettings:
    """Return the certificate of a process as settings."""
    files = certificates.identity(name)
    return PeerSettings(tls_cert_file=files.cert_file, tls_key_file=files.key_file, tls_ca_file=files.ca_file)
