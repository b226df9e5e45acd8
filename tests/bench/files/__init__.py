"""Files: transfers beside a plain boto3 transfer to the same server, and a file of 5,000,000 rows."""

from collections.abc import Iterator

import httpx2

from tests.bench.figures import Figure
from tests.bench.files import large, transfers
from tests.e2e.api import register, tls
from tests.support.stack import Stack


def run(stack: Stack) -> Iterator[Figure]:
    """Measure upload and download, then rows and memory of a file of 2 GB."""
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=600, trust_env=False) as http:
        person = register(http)
        yield from transfers.run(stack, person)
        yield from large.run(stack, person)
