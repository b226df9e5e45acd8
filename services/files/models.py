"""Tables of this service's database."""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.common.store import idempotency


class Base(DeclarativeBase):
    """Names constraints by one convention, so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: DateTime(timezone=True),
        str: Text(),
        bytes: LargeBinary(),
    }


IDEMPOTENCY = idempotency.table(Base.metadata)


class FileRow(Base):
    """An uploaded file; the row is written after the object, so no file is visible without its bytes."""

    __tablename__ = "file"
    __table_args__ = (
        # An account's files, newest first.
        Index(None, "account", "create_time", "id"),
        # For the sweep: files whose retention period is over.
        Index(None, "create_time"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    display_name: Mapped[str]
    create_time: Mapped[datetime]
    object_key: Mapped[str] = mapped_column(unique=True)
    wrapped_key: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    #: The version of the current parse.
    parse: Mapped[int]
    #: When its object was found to be gone; NULL while it is there.
    lost_time: Mapped[datetime | None]


class ParseRow(Base):
    """One reading of a file; never changed, so that a job can pin it."""

    __tablename__ = "file_parse"
    __table_args__ = (ForeignKeyConstraint(["file"], ["file.id"], ondelete="CASCADE"),)

    file: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    encoding: Mapped[str]
    delimiter: Mapped[str]
    row_count: Mapped[int]
    #: What was found and assumed, as `reading.dialect` explains it.
    line_end: Mapped[str] = mapped_column(server_default="")
    byte_order_mark: Mapped[bool] = mapped_column(server_default=text("false"))
    quoting: Mapped[str] = mapped_column(server_default="")
    separator_line: Mapped[bool] = mapped_column(server_default=text("false"))
    omitted_columns: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    encoding_guessed: Mapped[bool] = mapped_column(server_default=text("false"))
    #: The options that were requested beyond encoding and delimiter.
    skip_rows: Mapped[int] = mapped_column(server_default="0")
    skip_last_rows: Mapped[int] = mapped_column(server_default="0")
    duplicate_names: Mapped[str] = mapped_column(server_default="")
    #: Of a workbook: the number of its sheet, from 1, and the object with the table that the sheet became.
    sheet: Mapped[int] = mapped_column(server_default="0")
    table_key: Mapped[str | None] = mapped_column(unique=True)
    table_bytes: Mapped[int | None] = mapped_column(BigInteger)
    #: Column names, row offsets, profile, sample line and sheets, sealed under the file's data key.
    sealed_columns: Mapped[bytes]
    sealed_index: Mapped[bytes]
    sealed_profile: Mapped[bytes | None]
    sealed_sample: Mapped[bytes | None]
    sealed_sheets: Mapped[bytes | None]


class RefusedUploadRow(Base):
    """An upload that could not be read, kept for a while so that other options can make a file of it."""

    __tablename__ = "refused_upload"
    __table_args__ = (
        # The same bytes are kept once, and an account's uploads are found by age.
        UniqueConstraint("account", "sha256"),
        Index(None, "account", "create_time"),
        # For the sweep.
        Index(None, "create_time"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    display_name: Mapped[str]
    create_time: Mapped[datetime]
    object_key: Mapped[str] = mapped_column(unique=True)
    wrapped_key: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class RetentionRow(Base):
    """An account's own retention period for its files."""

    __tablename__ = "file_retention"
    __table_args__ = (CheckConstraint("days >= 1", name="days"),)

    account: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]


class ResultRow(Base):
    """A result file of a job."""

    __tablename__ = "result"
    __table_args__ = (
        CheckConstraint("fence >= 1", name="fence"),
        # For the sweep.
        Index("result_temporary_idx", "create_time", postgresql_where=text("temporary")),
    )

    account: Mapped[str] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(primary_key=True)
    variant: Mapped[str] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger)
    temporary: Mapped[bool]
    row_count: Mapped[int]
    #: As that of a file.
    lost_time: Mapped[datetime | None]
    create_time: Mapped[datetime]
    object_key: Mapped[str] = mapped_column(unique=True)
    wrapped_key: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]


class DoomedObjectRow(Base):
    """An object that is marked for deletion, because its row is gone; the mark goes after the object."""

    __tablename__ = "doomed_object"
    #: For the sweep.
    __table_args__ = (Index(None, "discard_after"),)

    object_key: Mapped[str] = mapped_column(primary_key=True)
    create_time: Mapped[datetime]
    #: Until then a restore of the database could bring the row back, which needs its object.
    discard_after: Mapped[datetime] = mapped_column(server_default=func.now())


class OrphanHoldRow(Base):
    """One row while objects without a row are kept: the database was restored to an earlier moment."""

    __tablename__ = "orphan_hold"
    __table_args__ = (CheckConstraint("single", name="one"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    create_time: Mapped[datetime]


class DataExportRow(Base):
    """The archive of an account's data; it can be downloaded for a day, and then the sweep removes it."""

    __tablename__ = "data_export"
    __table_args__ = (
        CheckConstraint("fence >= 1", name="fence"),
        # For the sweep.
        Index(None, "create_time"),
    )

    account: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger)
    create_time: Mapped[datetime]
    object_key: Mapped[str] = mapped_column(unique=True)
    wrapped_key: Mapped[bytes]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
