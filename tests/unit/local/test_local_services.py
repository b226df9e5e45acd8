"""What the launcher tells each process, and what it does not."""

from pathlib import Path

import pytest

from deploy.local.certificates import SERVICES, Certificates
from deploy.local.layout import Layout
from deploy.local.postgres import Cluster
from deploy.local.s3 import ObjectStore
from deploy.local.services import EVERYONE, PASSED_ON, Addresses, Services
from deploy.local.settings import LauncherSettings
from deploy.local.stores import Stores
from deploy.local.valkey import Valkey
from services.processor.settings import WorkerSettings

HEALTH = {name: 2000 + number for number, name in enumerate((*SERVICES, "worker-1"))}
SERVED = {name: 1000 + number for number, name in enumerate(SERVICES)}


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    def cluster(name: str, *databases: str) -> Cluster:
        return Cluster(name, 5000, databases, tmp_path, tmp_path, tmp_path)

    return Stores(
        cluster("postgres", *SERVICES),
        cluster("keystore", "keystore"),
        Valkey(5001, tmp_path, tmp_path),
        ObjectStore(5002, tmp_path, tmp_path),
    )


def services(stores: Stores, tmp_path: Path, **settings: str) -> Services:
    told = stores.told(
        LauncherSettings.model_validate(settings), Layout(tmp_path), provider_address="127.0.0.1:6000"
    )
    return Services(Certificates(tmp_path), Addresses(SERVED, HEALTH), told)


def test_a_service_is_told_where_it_listens_and_where_its_peers_are(stores: Stores, tmp_path: Path) -> None:
    told = services(stores, tmp_path).serve("vault").environment
    assert told["SMELT_LISTEN"] == f"127.0.0.1:{SERVED['vault']}"
    assert told["SMELT_HEALTH_LISTEN"] == f"127.0.0.1:{HEALTH['vault']}"
    assert told["SMELT_AUTH_ADDRESS"] == f"127.0.0.1:{SERVED['auth']}"
    assert told["SMELT_TLS_KEY_FILE"] == str(tmp_path / "vault.key")


def test_a_worker_is_the_processor_without_a_port(stores: Stores, tmp_path: Path) -> None:
    command = services(stores, tmp_path).worker(1)
    assert command.argv[1:] == ("-m", "services.processor", "worker")
    assert command.environment["SMELT_TLS_CERT_FILE"] == str(tmp_path / "processor.pem")
    assert "SMELT_LISTEN" not in command.environment


def test_the_operators_commands_carry_the_operators_certificate(stores: Stores, tmp_path: Path) -> None:
    command = services(stores, tmp_path).operator("vault", "managed-key", "--base-url", "https://x")
    assert command.environment["SMELT_TLS_KEY_FILE"] == str(tmp_path / "operator.key")
    assert "SMELT_DATABASE_URL_FILE" not in command.environment


def test_each_service_gets_its_own_database_and_only_the_vault_the_key_store(
    stores: Stores, tmp_path: Path
) -> None:
    made = services(stores, tmp_path)
    for name in SERVICES:
        environment = made.serve(name).environment
        address = Path(environment["SMELT_DATABASE_URL_FILE"]).read_text()
        assert address.endswith(f"@127.0.0.1:5000/{name}")
        assert ("SMELT_VAULT_KEYSTORE_URL_FILE" in environment) == (name == "vault")
        assert ("SMELT_S3_SECRET_KEY_FILE" in environment) == (name == "files")


def test_secrets_are_told_as_files_only(stores: Stores, tmp_path: Path) -> None:
    made = services(stores, tmp_path)
    secrets = [path.read_text() for path in tmp_path.iterdir() if path.suffix in (".password", ".key")]
    assert len(secrets) == 8
    for name in SERVICES:
        for value in made.serve(name).environment.values():
            assert not any(secret in value for secret in secrets)


def test_the_stand_in_may_be_called_beside_what_a_person_allows(stores: Stores, tmp_path: Path) -> None:
    made = services(stores, tmp_path, private_providers="10.1.2.3:8000, box:80")
    for name in ("vault", "processor"):
        allowed = made.serve(name).environment["SMELT_PRIVATE_PROVIDERS"]
        assert allowed == "10.1.2.3:8000,box:80,127.0.0.1:6000"


def test_every_setting_of_a_worker_is_passed_on_or_the_launchers_own(stores: Stores, tmp_path: Path) -> None:
    # How long a worker may be silent, and drains, belongs to how the launcher supervises it.
    own = {"SMELT_STALLED_SECONDS", "SMELT_HEARTBEAT_SECONDS", "SMELT_DRAIN_SECONDS"}
    # A worker serves nothing but its health.
    own |= {"SMELT_LISTEN"}
    said = services(stores, tmp_path).worker(1).environment.keys()
    known = {*said, *own, *EVERYONE, *PASSED_ON["processor"]}
    assert {f"SMELT_{name.upper()}" for name in WorkerSettings.model_fields} - known == set()


def test_a_persons_settings_reach_the_services_they_are_meant_for(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = services(stores, tmp_path)
    for name in {name for names in PASSED_ON.values() for name in names}:
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("SMELT_TOKEN", "a session of the person")
    for service in SERVICES:
        environment = made.serve(service).environment
        given = {name for name in environment if environment[name] == "7"}
        assert given == set(PASSED_ON[service])
        assert "SMELT_TOKEN" not in environment
