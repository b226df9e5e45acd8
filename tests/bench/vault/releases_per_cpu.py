"""Releases with a durable audit per second of CPU time that the vault spends."""

import asyncio
from collections.abc import Iterator

from tests.bench.figures import Figure, cpu_seconds
from tests.bench.vault import load
from tests.support.stack import Stack

IN_FLIGHT = 64


async def _measure(stack: Stack) -> Figure:
    grant = await load.grant_for(stack)
    await load.releases(stack, grant, 8, 1)
    before = cpu_seconds([stack.pids["vault"]])
    _, took = await load.releases(stack, grant, IN_FLIGHT, 100_000)
    spent = cpu_seconds([stack.pids["vault"]]) - before
    return Figure(
        "releases per CPU-second of the vault",
        len(took) / spent,
        2000,
        f"{len(took)} in {spent:.1f} s; the aim is 4000",
    )


def run(stack: Stack) -> Iterator[Figure]:
    """Measure with one stream."""
    yield asyncio.run(_measure(stack))
