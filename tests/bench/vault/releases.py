"""Releases per second with a durable audit, at 1 to 256 in flight, beside as many empty unary calls."""

import asyncio
import statistics
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.vault import load
from tests.support.stack import Stack

IN_FLIGHT = (1, 16, 64, 256)
#: The promise applies at this number; the others show the curve.
PROMISED = 64


async def _measure(stack: Stack) -> list[Figure]:
    grant = await load.grant_for(stack)
    figures = []
    with load.yardstick(stack) as port:
        await load.releases(stack, grant, 8, 1)
        for n, in_flight in enumerate(IN_FLIGHT, 1):
            empty = await load.empty(stack, port, in_flight)
            rate, took = await load.releases(stack, grant, in_flight, 100_000 * n)
            cuts = [1000 * seconds for seconds in statistics.quantiles(took, n=100)]
            said = f"{rate:.0f} beside {empty:.0f} a second; p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
            target = 0.5 if in_flight == PROMISED else 0.0
            figures.append(
                Figure(f"releases/s at {in_flight} in flight beside an empty RPC", rate / empty, target, said)
            )
            if in_flight == PROMISED:
                name = f"p99 of a release at {in_flight} in flight beside its p50"
                figures.append(Figure(name, cuts[98] / cuts[49], 5.0, said, above=False))
    return figures


def run(stack: Stack) -> Iterator[Figure]:
    """Measure with one stream."""
    yield from asyncio.run(_measure(stack))
