"""What more workers bring: on idle cores, and on full ones."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.site import Site
from tests.bench.scale import full_cores, idle_cores
from tests.support.stack import Stack


def run(stack: Stack) -> Iterator[Figure]:
    """Measure both."""
    with Site(stack) as site:
        yield from idle_cores.run(site)
        yield from full_cores.run(site)
