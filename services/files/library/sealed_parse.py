"""Column names, row index and profile of a file, sealed under its data key."""

import struct
from dataclasses import astuple

import orjson

from services.common.sealing import PayloadSealer, SealBroken, fields
from services.files.data_keys import KeyContext, Purpose
from services.files.errors import FileDamaged, FileNotProfiled
from services.files.library.stored_file import SealedParse, StoredFile
from services.files.objects.stored_object import StoredObject
from services.files.parsing.read_file import ReadFile
from services.files.profiling.form import dump, load
from services.files.profiling.profile import Profile
from services.files.workbooks.workbook import SheetInfo

FIRST_VERSION = 1
_OFFSET = 8


def context_of(file_id: str) -> KeyContext:
    """Return what a file's data key is bound to. A file is never rewritten, so its generation is 1."""
    return KeyContext(Purpose.FILE, f"files/{file_id}", 1)


def binding_of(file: StoredFile) -> bytes:
    """Return the associated data of a file's bytes."""
    return context_of(file.id).binds(file.account)


def table_binding(file_id: str, account: str, version: int) -> bytes:
    """Return the associated data of the table that a parse of a workbook made."""
    return context_of(file_id).binds(account, "table", str(version))


def parsed_object(file: StoredFile) -> tuple[StoredObject, bytes]:
    """Return the object whose bytes the file's parse describes, and their associated data."""
    table = file.parse.table
    if table is None:
        return file.object, binding_of(file)
    stored = StoredObject(table.key, file.object.wrapped_key, table.size, sha256="")
    return stored, table_binding(file.id, file.account, file.parse.version)


def seal_parse(read: ReadFile, *, key: bytearray, file_id: str, account: str, version: int) -> SealedParse:
    """Seal the column names, row index, profile and sheets of a parse."""
    parsed = read.parsed
    sealer = PayloadSealer(key, context_of(file_id).binds(account))
    index = struct.pack(f">{len(parsed.index)}Q", *parsed.index)
    return SealedParse(
        columns=sealer.seal(orjson.dumps(parsed.columns), fields("columns", version)),
        index=sealer.seal(index, fields("index", version)),
        profile=sealer.seal(dump(parsed.profile), fields("profile", version)),
        sample=_sealed_sample(sealer, parsed.sample_line, version),
        sheets=_sealed_sheets(sealer, read.sheets, version),
    )


def _sealed_sample(sealer: PayloadSealer, line: str, version: int) -> bytes | None:
    return sealer.seal(line.encode(), fields("sample", version)) if line else None


def _sealed_sheets(sealer: PayloadSealer, sheets: tuple[SheetInfo, ...], version: int) -> bytes | None:
    if not sheets:
        return None
    return sealer.seal(orjson.dumps([astuple(each) for each in sheets]), fields("sheets", version))


def open_columns(file: StoredFile, sealed: SealedParse, key: bytearray) -> tuple[str, ...]:
    """Return the column names; raise FileDamaged when they do not open."""
    return tuple(orjson.loads(_open(file, sealed.columns, key=key, what="columns")))


def open_index(file: StoredFile, sealed: SealedParse, key: bytearray) -> tuple[int, ...]:
    """Return where every 500th row begins; raise FileDamaged when the index does not open."""
    index = _open(file, sealed.index, key=key, what="index")
    return struct.unpack(f">{len(index) // _OFFSET}Q", index)


def open_sample(file: StoredFile, sealed: SealedParse, key: bytearray) -> str:
    """Return the line that shows a guessed encoding; empty when nothing was guessed."""
    if sealed.sample is None:
        return ""
    return _open(file, sealed.sample, key=key, what="sample").decode()


def open_sheets(file: StoredFile, sealed: SealedParse, key: bytearray) -> tuple[SheetInfo, ...]:
    """Return the sheets of a workbook; none for other files."""
    if sealed.sheets is None:
        return ()
    found = orjson.loads(_open(file, sealed.sheets, key=key, what="sheets"))
    return tuple(SheetInfo(name, count, hidden) for name, count, hidden in found)


def open_profile(file: StoredFile, sealed: SealedParse, key: bytearray) -> Profile:
    """Return the profile; raise FileNotProfiled for a parse of a release that made none."""
    if sealed.profile is None:
        raise FileNotProfiled
    return load(_open(file, sealed.profile, key=key, what="profile"))


def _open(file: StoredFile, sealed: bytes, *, key: bytearray, what: str) -> bytes:
    sealer = PayloadSealer(key, binding_of(file))
    try:
        return sealer.open(sealed, fields(what, file.parse.version))
    except SealBroken:
        raise FileDamaged from None
