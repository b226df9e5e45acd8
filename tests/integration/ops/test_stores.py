"""A directory and a bucket keep backups alike: whole or not at all."""

from pathlib import Path

import pytest

from deploy.local.s3 import BUCKET, REGION, ObjectStore
from ops.stores.directory import Directory
from ops.stores.errors import NoSuchObject, StoreUnavailable
from ops.stores.s3 import PART_BYTES, bucket
from ops.stores.store import Store
from services.common.ids import new_id


@pytest.fixture(params=["directory", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of each kind."""
    if request.param == "directory":
        return Directory(tmp_path)
    served: ObjectStore = request.getfixturevalue("object_store")
    access_key, secret_key = served.keys()
    return bucket(
        endpoint=served.endpoint,
        name=BUCKET,
        region=REGION,
        access_key=access_key,
        secret_key=secret_key,
        prefix=f"{new_id()}/",
    )


@pytest.mark.parametrize("size", [0, 10, PART_BYTES, 2 * PART_BYTES + 1])
def test_what_was_written_is_read(store: Store, size: int) -> None:
    content = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    with store.writing("main/base/one/data") as sink:
        for start in range(0, size, 1 << 20):
            sink.write(content[start : start + (1 << 20)])
    with store.reading("main/base/one/data") as source:
        assert source.read() == content
    (found,) = store.listed("main/base/")
    assert (found.key, found.size) == ("main/base/one/data", size)


def test_a_write_that_breaks_off_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.writing("main/half") as sink:
        sink.write(bytes(PART_BYTES + 1))
        raise ZeroDivisionError
    with pytest.raises(NoSuchObject), store.reading("main/half"):
        pass
    with store.writing("main/other") as sink:
        sink.write(b"other")
    assert [each.key for each in store.listed("main/")] == ["main/other"]


def test_deleting_is_repeatable_and_names_stay_apart(store: Store) -> None:
    for key in ("main/wal/1", "main/wal/2", "keystore/1"):
        with store.writing(key) as sink:
            sink.write(key.encode())
    for _ in range(2):
        store.delete(["main/wal/1"])
    assert [each.key for each in store.listed("main/")] == ["main/wal/2"]
    with store.writing("main/wal/2") as sink:
        sink.write(b"anew")
    with store.reading("main/wal/2") as source:
        assert source.read() == b"anew"


def test_a_bucket_that_does_not_answer_is_named_without_its_keys() -> None:
    away = bucket(endpoint="http://127.0.0.1:1", name="b", region=REGION, access_key="AK", secret_key="hush")
    with pytest.raises(StoreUnavailable) as refused:
        list(away.listed("main/"))
    assert "hush" not in str(refused.value)
