"""The statements of one batch of releases: two round trips, one transaction.

The first locks the grants and notes the uses. The second writes what was decided in between, together with
the audit records, and commits. Grants are locked in one order, so that replicas cannot deadlock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg

from services.common.identity import JobGrant
from services.vault.api_keys.place import KeyPlace, KeyRow
from services.vault.audit.chain import Head, Record
from services.vault.grants.rules import Use

GrantKey = tuple[str, str]
#: A grant's number and a use of it.
NotedUse = tuple[int, int, int, int, int]

_LOCK_GRANTS = """
SELECT g.account, g.id, g.ref, g.used,
    g.revoke_time IS NOT NULL OR EXISTS (SELECT FROM ended_accounts e WHERE e.account = g.account)
FROM grants g JOIN unnest(%s::text[], %s::text[]) AS w(account, id) ON g.account = w.account AND g.id = w.id
ORDER BY g.account, g.id FOR UPDATE OF g
"""
_KEYS = """
SELECT k.account, k.id, k.base_url, k.suite, k.epoch, k.generation, k.blob,
    k.kind, k.timeout_seconds
FROM api_keys k JOIN unnest(%s::text[], %s::text[]) AS w(account, id) ON k.account = w.account AND k.id = w.id
"""
_NOTE_USES = """
INSERT INTO grant_uses
SELECT g.ref, u.row, u.template, u.claim, u.attempt
FROM unnest(%s::int[], %s::int[], %s::int[], %s::bigint[], %s::int[]) AS u(n, row, template, claim, attempt)
JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS w(account, id, n) ON w.n = u.n
JOIN grants g ON g.account = w.account AND g.id = w.id AND g.revoke_time IS NULL
ON CONFLICT DO NOTHING
RETURNING *
"""
_FORGET_USES = """
DELETE FROM grant_uses d
USING unnest(%s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::int[])
    AS u(grant_ref, row, template, claim, attempt)
WHERE (d.grant_ref, d.row, d.template, d.claim, d.attempt)
    = (u.grant_ref, u.row, u.template, u.claim, u.attempt)
"""
# If the head is not where this writer left it, another writer has moved it. The chain of every record is then
# NULL, which the column refuses, so the whole transaction fails.
_RECORD = """
WITH head AS (
    UPDATE audit_heads SET seq = %(seq)s, mac = %(mac)s
    WHERE chain = %(chain)s AND seq = %(seq_before)s AND mac = %(mac_before)s RETURNING chain
), counted AS (
    UPDATE grants g SET used = g.used + n.count
    FROM unnest(%(refs)s::bigint[], %(counts)s::bigint[]) AS n(ref, count) WHERE g.ref = n.ref
), touched AS (
    UPDATE api_keys k SET last_used_time = %(now)s
    FROM (
        SELECT a.account, a.id FROM api_keys a
        JOIN unnest(%(key_accounts)s::text[], %(key_ids)s::text[]) AS w(account, id)
            ON a.account = w.account AND a.id = w.id
        WHERE a.last_used_time IS NULL OR a.last_used_time < %(now)s - interval '1 second'
        FOR UPDATE OF a SKIP LOCKED
    ) AS free WHERE k.account = free.account AND k.id = free.id
)
INSERT INTO audit_records (chain, seq, time, account, object, action, outcome, body, mac)
SELECT (SELECT chain FROM head), r.seq, %(now)s, r.account, r.object, r.action, r.outcome, r.body,
    decode(r.mac, 'hex')
FROM json_to_recordset(%(records)s::json)
    AS r(seq bigint, account text, object text, action text, outcome text, body text, mac text)
"""


@dataclass(frozen=True, slots=True)
class LockedGrant:
    """A grant whose row this transaction has locked."""

    ref: int
    used: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What the first round trip found: grants, keys, and which uses were new."""

    grants: Mapping[GrantKey, LockedGrant]
    keys: Mapping[KeyPlace, KeyRow]
    fresh: set[NotedUse]


@dataclass(frozen=True, slots=True)
class Decided:
    """What the second round trip makes durable."""

    before: Head
    records: Sequence[Record]
    now: datetime
    released: Mapping[int, int]
    used_keys: Collection[KeyPlace]
    forget: Collection[NotedUse]
    #: Whether the transaction has begun already.
    begun: bool


async def begin(
    connection: psycopg.AsyncConnection[Any],
    uses: Sequence[tuple[JobGrant, Use]],
    places: Collection[KeyPlace],
) -> Found:
    """Begin, lock the grants of the uses, read the keys, note the uses."""
    index: dict[GrantKey, int] = {}
    columns: tuple[list[int], ...] = ([], [], [], [], [])
    for grant, use in uses:
        n = index.setdefault((grant.account, grant.id), len(index) + 1)
        for column, value in zip(columns, (n, use.row, use.template, use.claim, use.attempt), strict=True):
            column.append(value)
    wanted = ([account for account, _ in index], [id_ for _, id_ in index])
    async with connection.pipeline():
        await connection.execute("BEGIN")
        grants = await connection.execute(_LOCK_GRANTS, wanted)
        keys = await connection.execute(
            _KEYS, ([place.account for place in places], [place.id for place in places])
        )
        noted = await connection.execute(_NOTE_USES, (*map(_integers, columns), *wanted))
    return Found(
        {(row[0], row[1]): LockedGrant(*row[2:]) for row in await grants.fetchall()},
        {(key := KeyRow.of(row)).place: key for row in await keys.fetchall()},
        set(await noted.fetchall()),
    )


async def commit(connection: psycopg.AsyncConnection[Any], decided: Decided) -> None:
    """Write the records, count the releases and commit; durable on return."""
    records = decided.records
    values = {
        "chain": decided.before.chain,
        "seq_before": decided.before.seq,
        "mac_before": decided.before.mac,
        "seq": records[-1].seq,
        "mac": records[-1].mac,
        "now": decided.now,
        "refs": _integers(decided.released),
        "counts": _integers(decided.released.values()),
        "key_accounts": [place.account for place in decided.used_keys],
        "key_ids": [place.id for place in decided.used_keys],
        "records": orjson.dumps(
            [
                {
                    "seq": each.seq,
                    "account": each.account,
                    "object": each.object,
                    "action": each.action,
                    "outcome": each.outcome,
                    "body": each.body,
                    "mac": each.mac.hex(),
                }
                for each in records
            ]
        ).decode(),
    }
    async with connection.pipeline():
        if not decided.begun:
            await connection.execute("BEGIN")
        if decided.forget:
            columns = tuple(map(list, zip(*decided.forget, strict=True)))
            await connection.execute(_FORGET_USES, columns)
        await connection.execute(_RECORD, values)
        await connection.execute("COMMIT")


def _integers(values: Iterable[int]) -> str:
    """Return an array as Postgres reads it; several times cheaper than psycopg's own conversion."""
    return f"{{{','.join(map(str, values))}}}"
