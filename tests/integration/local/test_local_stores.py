"""The stores of the embedded stack: real servers, each with passwords that really keep others out."""

import os
import stat
import subprocess
from pathlib import Path

import boto3
import psycopg
import pytest
import redis
from botocore.config import Config
from botocore.exceptions import ClientError

from deploy.local.binaries import postgres_directory
from deploy.local.postgres import copied_binaries
from deploy.local.s3 import BUCKET, REGION, ObjectStore
from deploy.local.valkey import Valkey
from tests.support.patience import eventually
from tests.support.stores import Databases

BOTO = Config(
    s3={"addressing_style": "path"},
    signature_version="s3v4",
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def s3_client(store: ObjectStore, *, secret_key: str | None = None):  # type: ignore[no-untyped-def]
    access_key, real_secret_key = store.keys()
    return boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        region_name=REGION,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key or real_secret_key,
        config=BOTO,
    )


@pytest.mark.parametrize("role", ["auth", "vault", "files", "processor", "keystore"])
def test_each_role_owns_its_database(databases: Databases, role: str) -> None:
    with databases.fresh(role, migrated=False) as database, psycopg.connect(database.conninfo) as connection:
        connection.execute("CREATE TABLE something (id int)")
        assert connection.execute("SELECT current_user").fetchone() == (role,)


@pytest.mark.parametrize("password", ["", "wrong"])
@pytest.mark.parametrize("role", ["postgres", "auth"])
def test_a_wrong_password_is_refused(databases: Databases, role: str, password: str) -> None:
    cluster = databases.cluster
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=cluster.port, user=role, password=password, dbname="auth")


@pytest.mark.parametrize("other", ["vault", "keystore", "postgres", "template1"])
def test_a_role_is_refused_at_any_other_database(databases: Databases, other: str) -> None:
    url = databases.cluster.url(other, role="auth").replace("+psycopg", "")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


def test_postgres_listens_on_loopback_only_and_sorts_like_c(databases: Databases) -> None:
    with databases.cluster.connect() as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        query = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'auth'"
        assert connection.execute(query).fetchone() == ("b", "C.UTF-8")


@pytest.mark.parametrize("program", ["postgres", "initdb"])
def test_a_copy_of_postgres_runs_as_well(tmp_path: Path, program: str) -> None:
    copy = copied_binaries(postgres_directory(), tmp_path)
    said = subprocess.run([copy / program, "--version"], capture_output=True, text=True, check=True)
    assert "PostgreSQL" in said.stdout


async def test_a_fresh_database_is_dropped_after_the_end(databases: Databases) -> None:
    with databases.fresh("files", migrated=False) as database:
        assert stat.S_IMODE(database.url_file.stat().st_mode) == 0o600
        assert database.url_file.read_text() == database.url
        psycopg.connect(database.conninfo).close()

    def is_gone() -> bool:
        try:
            psycopg.connect(database.conninfo).close()
        except psycopg.OperationalError as error:
            return "does not exist" in str(error)
        return False

    await eventually(is_gone)


def test_valkey_demands_its_password(valkey: Valkey) -> None:
    assert redis.Redis.from_url(valkey.url()).ping()
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(host="127.0.0.1", port=valkey.port).ping()


def test_the_object_store_keeps_what_a_signed_request_puts(object_store: ObjectStore) -> None:
    client = s3_client(object_store)
    client.put_object(Bucket=BUCKET, Key="one", Body=b"some bytes")
    assert client.get_object(Bucket=BUCKET, Key="one")["Body"].read() == b"some bytes"


def test_the_object_store_refuses_a_wrong_secret(object_store: ObjectStore) -> None:
    with pytest.raises(ClientError) as refused:
        s3_client(object_store, secret_key="wrong").list_objects_v2(Bucket=BUCKET)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_only_abandoned_temporary_files_are_swept(tmp_path: Path) -> None:
    store = ObjectStore(1, tmp_path, tmp_path)
    bucket = tmp_path / "objects" / BUCKET
    bucket.mkdir(parents=True)
    for name in ("kept", ".rclone_temp_old", ".rclone_temp_new"):
        (bucket / name).write_bytes(b"")
    now = bucket.stat().st_mtime
    os.utime(bucket / ".rclone_temp_old", (0, now - 25 * 3600))
    os.utime(bucket / "kept", (0, 0))
    store.sweep(now)
    assert sorted(path.name for path in bucket.iterdir()) == [".rclone_temp_new", "kept"]
