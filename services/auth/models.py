"""Tables of auth's database."""

from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Select,
    Text,
    literal,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.common.paging import Position


class Base(DeclarativeBase):
    """Gives constraints predictable names, so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        }
    )
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text()}  # noqa: RUF012


class AccountRow(Base):
    """A person's account, with the stored form of the password."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("state IN ('unverified', 'active', 'disabled', 'deleted')", name="state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    #: Normalised, so that all spellings of one mailbox are one value.
    email: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    create_time: Mapped[datetime]
    password_scheme: Mapped[str]
    password_pepper_id: Mapped[str]
    password_hash: Mapped[str]
    #: Rises with every new password, so that a sign-in that is still under way with an older one opens no
    #: session. Passports carry it, so that other services can tell those of before.
    password_generation: Mapped[int] = mapped_column(server_default=text("1"))
    #: When somebody first used a link that was sent to the address; NULL until then.
    email_proof_time: Mapped[datetime | None]


class SessionRow(Base):
    """A signed-in device."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("(end_time IS NULL) = (end_reason IS NULL)", name="end"),
        # An account's sessions, newest first.
        Index(None, "account", "create_time", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    create_time: Mapped[datetime]
    #: Written at most every five minutes.
    last_used_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    user_agent: Mapped[str]
    client_address: Mapped[str]
    end_time: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class AccessTokenRow(Base):
    """An access token; a deleted one has no row."""

    __tablename__ = "access_token"
    __table_args__ = (
        CheckConstraint("scopes <@ ARRAY['read', 'write'] AND cardinality(scopes) > 0", name="scopes"),
        # An account's tokens, newest first.
        Index(None, "account", "create_time", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    #: SHA-256 of the token.
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    display_name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    create_time: Mapped[datetime]
    expire_time: Mapped[datetime]
    #: Written at most every five minutes.
    last_used_time: Mapped[datetime | None]


class AttemptRow(Base):
    """The latest attempts under one limit; the key is a digest of what they have in common."""

    __tablename__ = "attempt"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    #: The limit: this many attempts within this period.
    most: Mapped[int]
    period: Mapped[timedelta]
    times: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))


class MailRow(Base):
    """A mail that waits to be sent. It contains no token: tokens are made when the mail is written."""

    __tablename__ = "mail"
    __table_args__ = (Index(None, "next_try_time"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    #: What varies in the text between mails of this kind.
    facts: Mapped[dict[str, str]] = mapped_column(JSONB)
    create_time: Mapped[datetime]
    next_try_time: Mapped[datetime]
    tries: Mapped[int]


class MailedTokenRow(Base):
    """The only working token of its purpose for an account; a used one has no row."""

    __tablename__ = "mailed_token"

    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    #: SHA-256 of the token.
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    create_time: Mapped[datetime]
    expire_time: Mapped[datetime]


class DeviceRow(Base):
    """A device that its account's owner has signed in with."""

    __tablename__ = "device"
    __table_args__ = (Index(None, "account", "last_used_time"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    #: SHA-256 of the device's token.
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    create_time: Mapped[datetime]
    last_used_time: Mapped[datetime]


class ErasureRow(Base):
    """The tombstone of a deleted account, and how far the removal of its data is."""

    __tablename__ = "erasure"
    __table_args__ = (Index(None, "next_time"),)

    account: Mapped[str] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int]
    #: How often everything was removed; the second pass is the last.
    passes: Mapped[int]
    #: When the work is due; NULL when nothing is left to do.
    next_time: Mapped[datetime | None]


class SuspensionRow(Base):
    """Work: to suspend, in other services, what was made for an account before this generation."""

    __tablename__ = "suspension"
    __table_args__ = (Index(None, "next_time"),)

    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int]
    #: The mail that waits a moment for the counts; empty when none does.
    mail: Mapped[str]
    fence: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int]
    next_time: Mapped[datetime]


class DataExportRow(Base):
    """An export of everything that is stored about an account, and its progress."""

    __tablename__ = "data_export"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'running', 'completed', 'failed')", name="state"),
        # An account's exports, newest first.
        Index(None, "account", "create_time", "id"),
        Index(None, "next_time"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    state: Mapped[str]
    create_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    fence: Mapped[int] = mapped_column(BigInteger)
    tries: Mapped[int]
    #: When the work is due; NULL when the export has ended.
    next_time: Mapped[datetime | None]


class RestorationRow(Base):
    """One row, once the database was restored: for which history of it what had ended was buried."""

    __tablename__ = "restoration"
    __table_args__ = (CheckConstraint("single", name="one"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    #: Server, timeline and database, as Postgres names them.
    history: Mapped[str]
    #: A random id: the vault's ledger takes each settlement once.
    settlement: Mapped[str]
    #: To which moment it was restored; NULL when an operator has said that nothing was lost.
    moment: Mapped[datetime | None]
    settle_time: Mapped[datetime]


class EventRow(Base):
    """Something that happened to an account, for its owner to read."""

    __tablename__ = "event"
    __table_args__ = (
        # An account's events, newest first.
        Index(None, "account", "time", "id"),
        # Used by the sweep.
        Index(None, "time"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    time: Mapped[datetime]
    action: Mapped[str]
    outcome: Mapped[str]
    object: Mapped[str]
    client_address: Mapped[str]
    user_agent: Mapped[str]


#: The tables whose rows people can list.
Listed = TypeVar("Listed", SessionRow, AccessTokenRow, DataExportRow)


def newest_of(row: type[Listed], account: str, after: Position | None, count: int) -> Select[Listed]:
    """Select an account's rows as lists show them: newest first, from where the page before ended."""
    wanted = select(row).where(row.account == account)
    if after is not None:
        position = tuple_(literal(after.create_time), literal(after.id))
        wanted = wanted.where(tuple_(row.create_time, row.id) < position)
    return wanted.order_by(row.create_time.desc(), row.id.desc()).limit(count)
