"""Grants that a replica sees for the first time: counted against the brake, and given a row.

This commits by itself, so that one batch does not wait for another. A replica holds a lock from counting to
the commit, so two replicas together admit as many grants as one.
"""

from collections.abc import Iterable
from typing import Any

import psycopg

from services.common.identity import JobGrant
from services.vault.grants.brake import SECONDS, Brake, Recent, admitted

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('smelt/release-brake', 0))"
_KNOWN = """
SELECT g.account, g.id FROM grants g
JOIN unnest(%s::text[], %s::text[]) AS w(account, id) ON g.account = w.account AND g.id = w.id
"""
_RECENT = """
SELECT count(*), count(DISTINCT account), array_agg(DISTINCT account) FILTER (WHERE account = ANY(%s))
FROM grants WHERE met_time > now() - %s * interval '1 second'
"""
_MEET = """
INSERT INTO grants (account, id, expire_time, met_time)
SELECT account, id, expire_time, now()
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS w(account, id, expire_time)
ON CONFLICT (account, id) DO NOTHING
"""
Key = tuple[str, str]


async def meet(
    connection: psycopg.AsyncConnection[Any], grants: Iterable[JobGrant], brake: Brake
) -> set[Key]:
    """Create rows for grants that have none, as far as the brake allows; return those that it refuses."""
    by_key = {(grant.account, grant.id): grant for grant in grants}
    wanted = sorted(by_key)
    columns = ([account for account, _ in wanted], [id_ for _, id_ in wanted])
    async with connection.transaction():
        await connection.execute(_LOCK)
        known = set(await (await connection.execute(_KNOWN, columns)).fetchall())
        new = [key for key in wanted if key not in known]
        if not new:
            return set()
        counted = await (await connection.execute(_RECENT, (columns[0], SECONDS))).fetchone()
        grants_now, accounts_now, seen = counted or (0, 0, None)
        passed = admitted(brake, Recent(grants_now, accounts_now, set(seen or ())), new)
        if passed:
            rows = [(*key, by_key[key].expires) for key in passed]
            await connection.execute(_MEET, tuple(map(list, zip(*rows, strict=True))))
    return set(new) - set(passed)
