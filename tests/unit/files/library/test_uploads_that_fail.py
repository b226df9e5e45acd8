"""Uploads when a store fails: nothing is half-stored, and what may have been stored is left to the sweep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count

import pytest

from services.common.errors import DeadlinePassed, DomainError, Unavailable
from services.common.identity import Passport
from services.common.store.idempotency import IdempotencyKeyReused
from services.files.data_keys import DataKey, KeyContext, Proof
from services.files.errors import FileTooManyRows
from services.files.library.form_body import PlainBody
from services.files.library.refused_uploads import Keeping, RefusedUploads, UploadRefused
from services.files.library.sender import Pace
from services.files.library.stored_file import OpenedFile, SealedParse, StoredFile
from services.files.library.uploads import Upload, UploadLimits, Uploads
from services.files.objects.discards import Discards
from services.files.objects.sealed import ObjectReader
from services.files.parsing.places import Places, Shares
from services.files.parsing.threads import ParsingThreads
from services.files.reading.reader import Limits

PERSON = Passport("account", "session", ("write",), "token")
CSV = b"a,b\n1,2\n"


class MemoryObjects:
    """Objects in memory that can be told to fail."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}
        self.open: set[str] = set()
        self.broken = False

    def writer(self, key: str) -> "MemoryWriter":
        self.open.add(key)
        return MemoryWriter(self, key)

    def reader(self, key: str, start: int = 0, stop: int | None = None) -> ObjectReader:
        return MemoryReader(self.there[key][start:stop])

    def delete(self, key: str) -> None:
        self.there.pop(key, None)


class MemoryReader(BytesIO):
    length: int | None = None

    def read(self, count: int | None = -1) -> bytes:
        return super().read(count)


class MemoryWriter:
    def __init__(self, objects: MemoryObjects, key: str) -> None:
        self._objects = objects
        self._key = key
        self._content = bytearray()

    def write(self, piece: memoryview) -> None:
        self._content += piece

    def end(self) -> None:
        """Everything is here already."""

    def finish(self) -> None:
        if self._objects.broken:
            raise Unavailable
        self._objects.there[self._key] = bytes(self._content)
        self._objects.open.discard(self._key)

    def abort(self) -> None:
        self._objects.open.discard(self._key)


class Records:
    """Rows of files that can be told to fail."""

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.error: Exception | None = None

    async def check_room(self, account: str, most: int) -> None:
        """There is always some."""

    async def add(self, file: StoredFile, sealed: SealedParse, *, key: str, content: bytes, most: int) -> str:
        if self.error is not None:
            raise self.error
        self.files[file.id] = file
        return file.id

    async def get(
        self, account: str, file_id: str, *, parse: int | None = None
    ) -> tuple[StoredFile, SealedParse] | None:
        return None


class Keys:
    """A vault that hands out one key, and sees whether it was wiped."""

    def __init__(self) -> None:
        self.given: list[bytearray] = []

    async def create(self, proof: Proof, context: KeyContext) -> DataKey:
        self.given.append(bytearray(b"k" * 32))
        return DataKey(self.given[-1], b"wrapped")

    async def open(self, proof: Proof, context: KeyContext, wrapped: bytes) -> bytearray:
        return bytearray(b"k" * 32)


class KeptInMemory:
    """Refused uploads that are kept."""

    def __init__(self) -> None:
        self.files: list[StoredFile] = []
        self.error: DomainError | None = None

    async def keep(self, file: StoredFile, *, most: int) -> tuple[StoredFile, list[str]]:
        if self.error is not None:
            raise self.error
        self.files.append(file)
        return file, []

    async def get(self, account: str, file_id: str, *, since: datetime) -> StoredFile | None:
        return next((file for file in self.files if file.id == file_id), None)


class House:
    """Uploads over stores in memory."""

    def __init__(self, seconds: float = 5) -> None:
        self.objects, self.records, self.keys = MemoryObjects(), Records(), Keys()
        limits = UploadLimits(
            max_bytes=1000,
            max_files=1000,
            seconds=seconds,
            pace=Pace(1),
            csv=Limits(max_columns=10, max_rows=10, max_field_bytes=100, max_row_bytes=1000),
        )
        ids = map(str, count())

        async def forget(object_key: str) -> None:
            """Nothing is on record here."""

        discards = Discards(self.objects, None, forget=forget)  # type: ignore[arg-type]
        threads, now = ParsingThreads(2), datetime(2026, 1, 1, tzinfo=UTC)
        self.kept = KeptInMemory()
        self.refused = RefusedUploads(
            self.kept,
            self.objects,
            discards=discards,
            threads=threads,
            limits=limits.csv,
            keeping=Keeping(2, timedelta(hours=1)),
            seconds=seconds,
            clock=lambda: now,
        )
        self.uploads = Uploads(
            self.records,
            self.objects,
            keys=self.keys,
            discards=discards,
            places=Places(Shares(2, of_account=2, of_network=2)),
            threads=threads,
            limits=limits,
            refused=self.refused,
            clock=lambda: now,
            new_id=lambda: next(ids),
        )

    async def receive(self, pieces: AsyncIterator[bytes]) -> OpenedFile:
        return await self.uploads.receive(PERSON, pieces, Upload("a.csv", PlainBody(), ""))

    def is_empty(self) -> bool:
        return not self.objects.there and not self.objects.open and not self.records.files


async def pieces(*content: bytes, then: Callable[[], float] = lambda: 0) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
    await asyncio.sleep(then())


async def test_an_upload_is_stored_and_its_key_wiped() -> None:
    house = House()
    opened = await house.receive(pieces(CSV))
    assert opened.columns == ("a", "b")
    assert len(house.objects.there) == len(house.records.files) == 1
    assert house.keys.given == [bytearray(32)]


async def test_objects_that_fail_leave_nothing() -> None:
    house = House()
    house.objects.broken = True
    with pytest.raises(Unavailable):
        await house.receive(pieces(CSV))
    assert house.is_empty()
    assert house.keys.given == [bytearray(32)]


async def test_a_refusal_by_the_rows_leaves_nothing() -> None:
    house = House()
    house.records.error = IdempotencyKeyReused()
    with pytest.raises(IdempotencyKeyReused):
        await house.receive(pieces(CSV))
    assert house.is_empty()


async def test_a_database_that_is_lost_at_the_commit_keeps_the_object_for_the_sweep() -> None:
    """The row may be there after all, and a row without its object would be a file that cannot be read."""
    house = House()
    house.records.error = Unavailable()
    with pytest.raises(Unavailable):
        await house.receive(pieces(CSV))
    assert len(house.objects.there) == 1


@pytest.mark.promise("S33")
async def test_an_upload_has_its_time() -> None:
    house = House(seconds=0.05)
    with pytest.raises(DeadlinePassed):
        await house.receive(pieces(CSV, then=lambda: 60))
    assert house.is_empty()


@pytest.mark.promise("S33")
async def test_only_so_many_run_at_once() -> None:
    house = House()
    running = [asyncio.ensure_future(house.receive(pieces(CSV, then=lambda: 60))) for _ in range(2)]
    await asyncio.sleep(0.05)
    with pytest.raises(Unavailable):
        await house.receive(pieces(CSV))
    for upload in running:
        upload.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert house.is_empty()
    await house.receive(pieces(CSV))


async def test_what_other_options_may_read_is_kept_even_if_the_rest_comes_later() -> None:
    house = House()
    with pytest.raises(UploadRefused) as caught:
        await house.receive(pieces(b"a,a\n", CSV, CSV))
    assert caught.value.refusal.reason == "FILE_MALFORMED"
    (kept,) = house.kept.files
    assert (kept.object.size, caught.value.file_id) == (4 + 2 * len(CSV), kept.id)
    assert not house.records.files
    assert len(house.objects.there) == 1
    assert house.keys.given == [bytearray(32)]


async def test_what_cannot_be_kept_leaves_nothing() -> None:
    house = House()
    house.kept.error = IdempotencyKeyReused()
    with pytest.raises(IdempotencyKeyReused):
        await house.receive(pieces(b"a,a\n1,2\n"))
    assert house.is_empty()


async def test_what_no_options_can_read_is_not_kept() -> None:
    house = House()
    with pytest.raises(FileTooManyRows):
        await house.receive(pieces(b"a,b\n" + b"1,2\n" * 11))
    assert house.is_empty()
    assert not house.kept.files
