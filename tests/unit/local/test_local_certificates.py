"""The certificates of the embedded stack: which names they have, and when they are renewed."""

import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from deploy.local.certificates import CLIENTS, EDGE, SERVICES, Certificates

NOW = datetime.datetime(2031, 5, 1, tzinfo=datetime.UTC)
ALL = (*SERVICES, *CLIENTS, EDGE)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    made = Certificates(tmp_path / "certs")
    made.ensure(NOW)
    return made


def load(certificates: Certificates, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.identity(name).cert_file.read_bytes())


def contents(certificates: Certificates) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in certificates.directory.iterdir()}


@pytest.mark.parametrize("name", [*SERVICES, *CLIENTS])
def test_a_process_is_named_by_uri_and_by_its_short_name(certificates: Certificates, name: str) -> None:
    names = load(certificates, name).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [f"spiffe://smelt/{name}"]
    assert names.get_values_for_type(x509.DNSName) == [name, "localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_edge_is_no_identity_among_services(certificates: Certificates) -> None:
    edge = load(certificates, EDGE)
    names = edge.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == []
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    usage = edge.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_cannot_pose_as_a_server(certificates: Certificates, name: str) -> None:
    usage = load(certificates, name).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_all_are_signed_by_the_one_authority(certificates: Certificates) -> None:
    authority = x509.load_pem_x509_certificate(certificates.ca_file.read_bytes())
    for name in ALL:
        load(certificates, name).verify_directly_issued_by(authority)


def test_keys_are_readable_by_their_owner_only(certificates: Certificates) -> None:
    keys = list(certificates.directory.glob("*.key"))
    assert len(keys) == len(ALL) + 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_another_start_changes_nothing(certificates: Certificates) -> None:
    before = contents(certificates)
    certificates.ensure(NOW + datetime.timedelta(days=1))
    assert contents(certificates) == before


def test_leaves_near_their_end_are_renewed_under_the_same_authority(certificates: Certificates) -> None:
    before = contents(certificates)
    certificates.ensure(NOW + datetime.timedelta(days=61))
    after = contents(certificates)
    assert {name for name in after if after[name] == before[name]} == {"ca.pem", "ca.key"}


def test_a_new_authority_brings_new_leaves(certificates: Certificates) -> None:
    before = contents(certificates)
    (certificates.directory / "ca.key").unlink()
    certificates.ensure(NOW)
    after = contents(certificates)
    assert not {name for name in after if after[name] == before[name]}


@pytest.mark.parametrize("damage", [b"", b"not a key"])
def test_a_damaged_key_is_replaced_and_nothing_else(certificates: Certificates, damage: bytes) -> None:
    before = contents(certificates)
    certificates.identity("vault").key_file.write_bytes(damage)
    certificates.ensure(NOW)
    after = contents(certificates)
    assert {name for name in after if after[name] != before[name]} == {"vault.key", "vault.pem"}
