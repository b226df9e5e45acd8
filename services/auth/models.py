"""Tables of auth's database."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Names constraints the same everywhere, so that migrations can find them."""

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
    """A person's account and what is kept of the password."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("state IN ('active', 'disabled', 'deleted')", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    #: Normalised: two spellings of one mailbox are one value.
    email: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    create_time: Mapped[datetime]
    password_scheme: Mapped[str]
    password_pepper_id: Mapped[str]
    password_hash: Mapped[str]


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
    """An access token; one that is ended has no row."""

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
