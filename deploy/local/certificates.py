"""The stack's own certificate authority: created at the first start; it renews leaf certificates in time."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.secret_files import write_secret

SERVICES = ("auth", "vault", "files", "processor")
CLIENTS = ("gateway", "operator")
EDGE = "edge"
CA_LIFE = datetime.timedelta(days=3650)
CA_RENEWAL = datetime.timedelta(days=365)
LEAF_LIFE = datetime.timedelta(days=90)
LEAF_RENEWAL = datetime.timedelta(days=30)
# The clocks of a laptop and of a virtual machine on it may differ slightly.
BACKDATED = datetime.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Identity:
    """The files with which a process proves its identity and verifies its peers."""

    cert_file: Path
    key_file: Path
    ca_file: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate authority's key and certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True, slots=True)
class Certificates:
    """All certificates of one stack, in one directory."""

    directory: Path

    @property
    def ca_file(self) -> Path:
        return self.directory / "ca.pem"

    def identity(self, name: str) -> Identity:
        return Identity(self.directory / f"{name}.pem", self.directory / f"{name}.key", self.ca_file)

    def ensure(self, now: datetime.datetime | None = None) -> None:
        """Issue every certificate that is missing, about to expire, or no longer signed by the authority."""
        now = now or datetime.datetime.now(datetime.UTC)
        self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        authority = self._kept_authority(now) or self._new_authority(now)
        for name in (*SERVICES, *CLIENTS, EDGE):
            if not self._is_good(name, authority, now):
                self.issue(name, authority, now)

    def issue(self, name: str, authority: Authority, now: datetime.datetime) -> None:
        """Create a key and a certificate for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH] if name not in CLIENTS else []
        usages += [ExtendedKeyUsageOID.CLIENT_AUTH] if name != EDGE else []
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, key, issuer=authority.certificate.subject, now=now, life=LEAF_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(_names(name)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
            )
            .sign(authority.key, hashes.SHA256())
        )
        identity = self.identity(name)
        _write(identity.cert_file, identity.key_file, certificate, key)

    def _kept_authority(self, now: datetime.datetime) -> Authority | None:
        try:
            certificate = x509.load_pem_x509_certificate(self.ca_file.read_bytes())
            key = _load_key(self.directory / "ca.key")
        except (OSError, ValueError):
            return None
        if certificate.public_key() != key.public_key() or certificate.not_valid_after_utc - CA_RENEWAL < now:
            return None
        return Authority(key, certificate)

    def _new_authority(self, now: datetime.datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Smelt embedded stack")])
        certificate = (
            _builder(name, key, issuer=name, now=now, life=CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self.ca_file, self.directory / "ca.key", certificate, key)
        return Authority(key, certificate)

    def _is_good(self, name: str, authority: Authority, now: datetime.datetime) -> bool:
        identity = self.identity(name)
        try:
            certificate = x509.load_pem_x509_certificate(identity.cert_file.read_bytes())
            key = _load_key(identity.key_file)
            certificate.verify_directly_issued_by(authority.certificate)
        except (OSError, ValueError, TypeError, InvalidSignature):
            return False
        return certificate.public_key() == key.public_key() and (
            certificate.not_valid_after_utc - LEAF_RENEWAL > now
        )


def _names(name: str) -> list[x509.GeneralName]:
    here: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.IPv4Address("127.0.0.1")),
    ]
    if name == EDGE:
        return here
    return [x509.UniformResourceIdentifier(f"spiffe://smelt/{name}"), x509.DNSName(name), *here]


def _builder(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Name,
    now: datetime.datetime,
    life: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{path} holds the wrong kind of key")
    return key


def _write(
    cert_file: Path, key_file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_secret(key_file, text)
    write_secret(cert_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
