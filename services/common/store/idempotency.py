"""Idempotency keys: a repeated POST returns what the first one made."""

import hashlib
from datetime import timedelta

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.errors import DomainError, InvalidRequest, Kind

#: The least time for which a key is remembered. Shorter, and a late repetition makes a second resource;
#: longer, and the table grows.
KEEP = timedelta(hours=24)
_LONGEST_KEY = 255
#: Keys of an account that are remembered. Fewer refuse a busy script; more let one account fill the table.
MOST_KEYS = 10_000


class IdempotencyKeyReused(DomainError):
    """The Idempotency-Key was used with a different request in the last 24 hours."""

    reason = "IDEMPOTENCY_KEY_REUSED"
    kind = Kind.CONFLICT
    message = "This Idempotency-Key was used with a different request; use a new key"


class IdempotencyKeyLimit(DomainError):
    """The account has used too many Idempotency-Keys in the last 24 hours."""

    reason = "IDEMPOTENCY_KEY_LIMIT"
    kind = Kind.EXHAUSTED
    message = f"At most {MOST_KEYS} Idempotency-Keys can be used in 24 hours; try again later"

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=3600)


def table(metadata: MetaData) -> Table:
    """Add the table to a service's metadata."""
    return Table(
        "idempotency",
        metadata,
        Column("account", Text, primary_key=True),
        Column("method", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("digest", LargeBinary, nullable=False),
        Column("resource", Text, nullable=False),
        Column("create_time", DateTime(timezone=True), nullable=False, index=True),
    )


def digest(*parts: bytes) -> bytes:
    """Return a digest of a request's content. Pass secrets only as keyed codes, never as they are."""
    content = hashlib.sha256()
    for part in parts:
        content.update(len(part).to_bytes(8, "big") + part)
    return content.digest()


async def claim(
    session: AsyncSession, into: Table, *, account: str, method: str, key: str, content: bytes, resource: str
) -> str:
    """Return the id to answer with: `resource` when the key is new, else the id that the first request made.

    Call it in the transaction that stores the resource, so that both become visible together. A second
    request with the same key waits for the first one's commit. An empty key claims nothing. Raises
    IdempotencyKeyReused when the content differs, IdempotencyKeyLimit for more than MOST_KEYS.
    """
    if not key:
        return resource
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise InvalidRequest(violations=[("Idempotency-Key", "must be at most 255 printable characters")])
    over = into.c.create_time < func.now() - KEEP
    await session.execute(delete(into).where(into.c.account == account, over))
    added = await session.execute(
        insert(into)
        .values(
            account=account,
            method=method,
            key=key,
            digest=content,
            resource=resource,
            create_time=func.now(),
        )
        .on_conflict_do_nothing()
        .returning(into.c.resource)
    )
    if added.scalar_one_or_none() is not None:
        there = select(into.c.key).where(into.c.account == account).limit(MOST_KEYS + 1).subquery()
        if (await session.scalar(select(func.count()).select_from(there)) or 0) > MOST_KEYS:
            raise IdempotencyKeyLimit
        return resource
    first = (
        await session.execute(
            select(into.c.digest, into.c.resource).where(
                into.c.account == account, into.c.method == method, into.c.key == key
            )
        )
    ).one()
    if first.digest != content:
        raise IdempotencyKeyReused
    return str(first.resource)
