"""Grants that a replica sees for the first time: counted against the brake, and given a row.

This commits by itself, so that one batch does not wait for another. A replica holds a lock from counting to
the commit, so two replicas together admit as many grants as one.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import psycopg

from services.common.identity import JobGrant
from services.vault.grants.brake import SECONDS, Brake, Key, Recent, ReleaseBrake, judged

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('smelt/release-brake', 0))"
_KNOWN = """
SELECT g.account, g.id FROM grants g
JOIN unnest(%s::text[], %s::text[]) AS w(account, id) ON g.account = w.account AND g.id = w.id
"""
_RECENT = """
SELECT sum(count), count(*), array_agg(account) FILTER (WHERE account = ANY(%(accounts)s)),
    array_agg(count) FILTER (WHERE account = ANY(%(accounts)s))
FROM (
    SELECT account, count(*) AS count FROM grants
    WHERE met_time > now() - %(seconds)s * interval '1 second' GROUP BY account
) AS recent
"""
_MEET = """
INSERT INTO grants (account, id, expire_time, met_time)
SELECT account, id, expire_time, now()
FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) AS w(account, id, expire_time)
ON CONFLICT (account, id) DO NOTHING
"""


async def meet(
    connection: psycopg.AsyncConnection[Any], grants: Iterable[JobGrant], brake: Brake
) -> dict[Key, type[ReleaseBrake]]:
    """Create rows for grants that have none, as far as the brake allows; return why it refuses the others."""
    by_key = {(grant.account, grant.id): grant for grant in grants}
    wanted = sorted(by_key)
    columns = ([account for account, _ in wanted], [id_ for _, id_ in wanted])
    async with connection.transaction():
        await connection.execute(_LOCK)
        known = set(await (await connection.execute(_KNOWN, columns)).fetchall())
        new = [key for key in wanted if key not in known]
        if not new:
            return {}
        about = {"accounts": columns[0], "seconds": SECONDS}
        counted = await (await connection.execute(_RECENT, about)).fetchone()
        grants_now, accounts_now, seen, counts = counted or (0, 0, None, None)
        by_account = Counter(dict(zip(seen or (), map(int, counts or ()), strict=True)))
        found = judged(brake, Recent(int(grants_now or 0), accounts_now, by_account), new)
        passed = [key for key, why in found.items() if why is None]
        if passed:
            rows = [(*key, by_key[key].expires) for key in passed]
            await connection.execute(_MEET, tuple(map(list, zip(*rows, strict=True))))
    return {key: why for key, why in found.items() if why is not None}
