"""Files in Postgres."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_

from services.common.database import Transactions, transaction
from services.common.paging import Position
from services.common.store import idempotency
from services.common.store.room import check_room
from services.files.errors import FileLimit, FileNotFound, ParseLimit
from services.files.library.store.dialects import DIALECT_COLUMNS, dialect_columns, dialect_of
from services.files.library.store.refused import take_refused
from services.files.library.stored_file import Parse, SealedParse, StoredFile, TableObject
from services.files.models import IDEMPOTENCY, FileRow, ParseRow
from services.files.objects.store import AT_ONCE, mark_for_deletion, object_columns, object_of, remove_files

_UPLOAD = "UploadFile"
#: Jobs pin parses, so none is removed before its file. Each takes as much as the file's index and profile.
MOST_PARSES = 100


class FileStore:
    """Keeps files and their parses."""

    def __init__(
        self, transactions: Transactions, *, now: Callable[[], datetime], keep: timedelta = AT_ONCE
    ) -> None:
        """Objects of removed rows are kept for `keep`."""
        self._transactions = transactions
        self._now = now
        self._keep = keep

    async def check_room(self, account: str, most: int) -> None:
        async with transaction(self._transactions) as session:
            await check_room(session, FileRow.account, account=account, most=most, full=FileLimit)

    async def add(self, file: StoredFile, sealed: SealedParse, *, key: str, content: bytes, most: int) -> str:
        async with transaction(self._transactions) as session:
            kept = await idempotency.claim(
                session,
                IDEMPOTENCY,
                account=file.account,
                method=_UPLOAD,
                key=key,
                content=content,
                resource=file.id,
            )
            if kept == file.id:
                await check_room(session, FileRow.account, account=file.account, most=most, full=FileLimit)
                session.add(_file_row(file))
                await session.flush()
                session.add(_parse_row(file, sealed))
        return kept

    async def get(
        self, account: str, file_id: str, *, parse: int | None = None
    ) -> tuple[StoredFile, SealedParse] | None:
        version = FileRow.parse if parse is None else parse
        statement = (
            select(FileRow, ParseRow)
            .join(ParseRow, (ParseRow.file == FileRow.id) & (ParseRow.version == version))
            .where(FileRow.account == account, FileRow.id == file_id)
        )
        async with transaction(self._transactions) as session:
            found = (await session.execute(statement)).one_or_none()
        if found is None:
            return None
        file, parsed = found.tuple()
        return (
            _file(file, Parse(parsed.version, dialect_of(parsed), parsed.row_count, _table(parsed))),
            SealedParse(
                parsed.sealed_columns,
                parsed.sealed_index,
                parsed.sealed_profile,
                sample=parsed.sealed_sample,
                sheets=parsed.sealed_sheets,
            ),
        )

    async def is_there(self, account: str, file_id: str) -> bool:
        statement = select(1).where(FileRow.account == account, FileRow.id == file_id)
        async with transaction(self._transactions) as session:
            return await session.scalar(statement) is not None

    async def latest_parse(self, file_id: str) -> int:
        statement = select(func.max(ParseRow.version)).where(ParseRow.file == file_id)
        async with transaction(self._transactions) as session:
            return await session.scalar(statement) or 0

    async def add_parse(self, file: StoredFile, sealed: SealedParse) -> tuple[int, bool] | None:
        async with transaction(self._transactions) as session:
            # Locked until the transaction ends, so that parses of one file are added one after the other.
            row = await session.scalar(
                select(FileRow)
                .where(FileRow.account == file.account, FileRow.id == file.id)
                .with_for_update()
            )
            if row is None:
                raise FileNotFound
            there = (await session.scalars(select(ParseRow).where(ParseRow.file == file.id))).all()
            alike = [
                parse.version
                for parse in there
                if dialect_of(parse) == file.parse.dialect and parse.sealed_profile is not None
            ]
            if not alike:
                if len(there) >= MOST_PARSES:
                    raise ParseLimit
                if any(parse.version == file.parse.version for parse in there):
                    return None
                session.add(_parse_row(file, sealed))
            row.parse = alike[0] if alike else file.parse.version
            return row.parse, not alike

    async def add_refused(self, file: StoredFile, sealed: SealedParse, *, most: int) -> bool:
        """Make a file of a refused upload; return False when the upload is no longer kept.

        Raises FileLimit if the account has `most` files; the upload stays then.
        """
        async with transaction(self._transactions) as session:
            if await take_refused(session, file.account, file.id) is None:
                return False
            await check_room(session, FileRow.account, account=file.account, most=most, full=FileLimit)
            session.add(_file_row(file))
            await session.flush()
            session.add(_parse_row(file, sealed))
        return True

    async def page(self, account: str, after: Position | None, count: int) -> list[StoredFile]:
        statement = (
            select(FileRow, ParseRow.version, ParseRow.row_count, *DIALECT_COLUMNS)
            .join(ParseRow, (ParseRow.file == FileRow.id) & (ParseRow.version == FileRow.parse))
            .where(FileRow.account == account)
            .order_by(FileRow.create_time.desc(), FileRow.id.desc())
            .limit(count)
        )
        if after is not None:
            position = tuple_(FileRow.create_time, FileRow.id)
            statement = statement.where(position < (after.create_time, after.id))
        async with transaction(self._transactions) as session:
            found = (await session.execute(statement)).all()
        return [_file(row[0], Parse(row.version, dialect_of(row), row.row_count)) for row in found]

    async def remove(self, account: str, file_id: str) -> list[str]:
        wanted = select(FileRow.id).where(FileRow.account == account, FileRow.id == file_id)
        async with transaction(self._transactions) as session:
            removed = await remove_files(session, wanted, self._now(), keep=self._keep)
            if removed:
                return removed
            refused = await take_refused(session, account, file_id)
            if refused is None:
                return []
            await mark_for_deletion(session, [refused], self._now())
            return [refused]


def _file(row: FileRow, parse: Parse) -> StoredFile:
    return StoredFile(
        id=row.id,
        account=row.account,
        display_name=row.display_name,
        create_time=row.create_time,
        object=object_of(row),
        parse=parse,
        lost_time=row.lost_time,
    )


def _file_row(file: StoredFile) -> FileRow:
    return FileRow(
        id=file.id,
        account=file.account,
        display_name=file.display_name,
        create_time=file.create_time,
        parse=file.parse.version,
        **object_columns(file.object),
    )


def _table(row: ParseRow) -> TableObject | None:
    if row.table_key is None or row.table_bytes is None:
        return None
    return TableObject(row.table_key, row.table_bytes)


def _parse_row(file: StoredFile, sealed: SealedParse) -> ParseRow:
    table = file.parse.table
    return ParseRow(
        file=file.id,
        version=file.parse.version,
        row_count=file.parse.row_count,
        **dialect_columns(file.parse.dialect),
        sealed_columns=sealed.columns,
        sealed_index=sealed.index,
        sealed_profile=sealed.profile,
        sealed_sample=sealed.sample,
        sealed_sheets=sealed.sheets,
        table_key=None if table is None else table.key,
        table_bytes=None if table is None else table.size,
    )
