"""Paces in Valkey: what all workers know of a rate key, and start times, each of which only one call gets."""

from collections.abc import Awaitable
from dataclasses import astuple, dataclass, fields
from typing import Any, cast

import orjson
from redis.asyncio import Redis

from services.processor.provider.pace import Pace

_PACE = "smelt:pace:"
#: Valkey forgets an unused rate key after this. Too short, and a job that pauses in between meets the limit
#: again; too long only takes memory.
_FORGOTTEN_MS = 900_000
#: Start times are given out up to HORIZON_SECONDS ahead, and unused ones are made up for up to _SLACK_SECONDS
#: back. A longer horizon costs fewer requests but lets a dead worker waste more; more slack allows larger
#: bursts.
HORIZON_SECONDS = 0.1
_SLACK_SECONDS = 0.05
_MICROS = 1_000_000

# All workers use one clock, Valkey's. The start times lie on a line that only moves forward (the generic cell
# rate algorithm), so an unused one simply passes and need not be given back.
_LEASE = """
local time = redis.call('TIME')
local second = tonumber(time[1])
local now = second * 1000000 + tonumber(time[2])
local had = redis.call('HMGET', KEYS[1], 'version', 'pace', 'next', 'second', 'passed', 'before')
local version = had[1] or '0'
local wanted, gap, horizon, slack = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local seen, passed, before = tonumber(had[4] or '0'), tonumber(had[5] or '0'), tonumber(had[6] or '0')
if seen ~= second then
  before = (second - seen == 1) and passed or 0
  passed = 0
end
passed = passed + tonumber(ARGV[6])
local first, count = 0, 0
if version == ARGV[1] and gap > 0 then
  first = math.min(math.max(tonumber(had[3] or '0'), now - slack), now + horizon + gap)
  local free = math.floor((now + horizon - first) / gap) + 1
  -- Half of what is free: otherwise the first worker would leave the others only the last few start times.
  count = math.max(0, math.min(wanted, math.ceil(free / 2)))
  redis.call('HSET', KEYS[1], 'next', string.format('%.0f', first + count * gap))
end
redis.call('HSET', KEYS[1], 'second', time[1], 'passed', passed, 'before', before)
redis.call('PEXPIRE', KEYS[1], ARGV[7])
local rate = before * (1 - tonumber(time[2]) / 1000000) + passed
return {now, version, had[2] or '', math.floor(rate), math.floor(first), count}
"""
_PUT = """
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'pace', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HINCRBY', KEYS[1], 'version', 1)
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """Valkey's answer: its time in seconds, the pace it knows, and `count` start times from `first` on."""

    now: float
    version: int
    #: None if Valkey knows no pace.
    pace: Pace | None
    #: Calls per second that were answered lately, as reported by all workers.
    passing: float
    first: float
    count: int


class SharedPaces:
    """Reads and writes paces in Valkey; raises its errors."""

    def __init__(self, redis: Redis) -> None:
        self._lease = redis.register_script(_LEASE)
        self._put = redis.register_script(_PUT)

    async def lease(
        self, rate_key: str, *, version: int, wanted: int, rate: float | None, passed: int
    ) -> Lease:
        """Report how many calls were answered since the last report, and reserve start times at a rate.

        No start time is given if another worker has changed the pace, or if the next one is too far ahead.
        """
        gap = _MICROS / rate if rate else 0
        ahead, back = HORIZON_SECONDS * _MICROS, _SLACK_SECONDS * _MICROS
        arguments: list[str | int | float] = [version, wanted, gap, ahead, back, passed]
        answer = await cast(
            Awaitable[list[Any]], self._lease(keys=[_PACE + rate_key], args=[*arguments, _FORGOTTEN_MS])
        )
        now, stored, pace, passing, first, count = answer
        return Lease(
            int(now) / _MICROS, int(stored), _pace(pace), float(passing), int(first) / _MICROS, int(count)
        )

    async def put(self, rate_key: str, pace: Pace, *, version: int) -> int:
        """Store a pace unless another worker was faster; return its version, or 0."""
        arguments: list[str | int | bytes] = [version, orjson.dumps(astuple(pace)), _FORGOTTEN_MS]
        return int(await cast(Awaitable[int], self._put(keys=[_PACE + rate_key], args=arguments)))


def _pace(text: str) -> Pace | None:
    """Parse a stored pace; return None if it is not one."""
    try:
        *numbers, entered = map(float, orjson.loads(text))
        names = [each.name for each in fields(Pace)][:-1]
        known: dict[str, Any] = dict(zip(names, numbers, strict=True))
        return Pace(**known, entered=bool(entered))
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None
