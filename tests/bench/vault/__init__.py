"""Benchmarks of the vault, one file for each figure."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.vault import releases, releases_per_cpu, rewrap
from tests.support.stack import Stack


def run(stack: Stack) -> Iterator[Figure]:
    """Measure all of them."""
    for part in (releases, releases_per_cpu, rewrap):
        yield from part.run(stack)
