"""Attempts in Postgres: one row per key, with the times of its latest attempts in order."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.limits.limits import Attempt, Counted, Full, Limit
from services.common.database import Transactions, transaction

_ASKED = "unnest(CAST(:keys AS bytea[]), CAST(:most AS int[]), CAST(:periods AS interval[]))"
# A limit of n is full while the n-th attempt from the end lies within the period. This is checked first, so
# that a full limit costs one read and no write.
_FULL = text(f"""
SELECT key, extract(epoch FROM times[cardinality(times) - asked.most + 1] + asked.period - clock_timestamp())
FROM attempt JOIN {_ASKED} AS asked (key, most, period) USING (key)
WHERE times[cardinality(times) - asked.most + 1] > clock_timestamp() - asked.period
ORDER BY 2 DESC LIMIT 1
""")  # noqa: S608 -- no value is in it
# Postgres locks each row before it evaluates the condition, and reads the clock after that, so each attempt
# sees those before it, also from other replicas. All transactions lock rows in the order of the keys.
_COUNT = text(f"""
INSERT INTO attempt AS a (key, most, period, times)
SELECT key, most, period, ARRAY[clock_timestamp()] FROM {_ASKED} AS asked (key, most, period) ORDER BY key
ON CONFLICT (key) DO UPDATE SET
  most = excluded.most,
  period = excluded.period,
  times = (a.times || clock_timestamp())[greatest(1, cardinality(a.times) + 2 - excluded.most):]
WHERE (a.times[cardinality(a.times) - excluded.most + 1] > clock_timestamp() - excluded.period) IS NOT TRUE
RETURNING a.key, a.times[cardinality(a.times)]
""")  # noqa: S608 -- no value is in it
_TAKE_BACK = text("UPDATE attempt SET times = array_remove(times, :time) WHERE key = :key")
_CLEAR = text("DELETE FROM attempt WHERE key = :key")
_SWEEP = text("""
DELETE FROM attempt
WHERE cardinality(times) = 0 OR times[cardinality(times)] < clock_timestamp() - period
""")


class _NoRoom(Exception):
    """Rolls back a transaction that counted under some limits, but not under all."""


async def forgive_attempts(session: AsyncSession, attempt: Attempt) -> None:
    """Clear the pair's attempts and take this one back under the e-mail address; the caller commits."""
    by_email = attempt.by_email.key
    time = attempt.counted.times[by_email]
    # In the order of the keys, as when attempts are counted, so that transactions cannot deadlock.
    for key, statement in sorted({attempt.pair.key: _CLEAR, by_email: _TAKE_BACK}.items()):
        await session.execute(statement, {"key": key, "time": time})


class AttemptStore:
    """Counts attempts by the database's clock, which all replicas share."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def count(self, limits: Sequence[Limit]) -> Counted | Full:
        full = await self._full(limits)
        if full is not None:
            return full
        try:
            async with transaction(self._transactions) as session:
                counted = (await session.execute(_COUNT, _asked(limits))).all()
                if len(counted) < len(limits):
                    raise _NoRoom
        except _NoRoom:
            # Other attempts came first. If they have been taken back by now, a second's wait is enough.
            return await self._full(limits) or Full(limits[0], 1)
        return Counted({bytes(key): time for key, time in counted})

    async def _full(self, limits: Sequence[Limit]) -> Full | None:
        async with transaction(self._transactions) as session:
            row = (await session.execute(_FULL, _asked(limits))).one_or_none()
        if row is None:
            return None
        by_key = {limit.key: limit for limit in limits}
        return Full(by_key[bytes(row[0])], max(1, math.ceil(row[1])))

    async def take_back(self, counted: Counted, limits: Sequence[Limit]) -> None:
        async with transaction(self._transactions) as session:
            for limit in sorted(limits, key=lambda limit: limit.key):
                await session.execute(_TAKE_BACK, {"key": limit.key, "time": counted.times[limit.key]})

    async def succeeded(self, attempt: Attempt) -> None:
        async with transaction(self._transactions) as session:
            await forgive_attempts(session, attempt)

    async def sweep(self) -> None:
        """Remove attempts that no limit considers any longer."""
        async with transaction(self._transactions) as session:
            await session.execute(_SWEEP)


def _asked(limits: Sequence[Limit]) -> dict[str, Any]:
    return {
        "keys": [limit.key for limit in limits],
        "most": [limit.rate.most for limit in limits],
        "periods": [limit.rate.period for limit in limits],
    }
