"""Jobs end to end, beside what other tools cost: every ratio comes from one run on one machine."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs import beside, crash, faults, limit, stand_in
from tests.bench.jobs.site import Site
from tests.support.stack import Stack


def run(stack: Stack) -> Iterator[Figure]:
    """Measure the row path, then limits and faults, and a crash of everything."""
    with Site(stack) as site:
        yield from beside.run(site)
        yield from stand_in.run(site)
        yield from limit.run(site)
        yield from faults.run(site)
        yield from crash.run(site)
