"""Files: transfers beside plain boto3 to the same server, a file of 5,000,000 rows, and a workbook."""

from collections.abc import Iterator

import httpx2

from tests.bench.figures import Figure
from tests.bench.files import large, transfers, workbooks
from tests.e2e.api import register, tls
from tests.support.stack import Stack


def run(stack: Stack) -> Iterator[Figure]:
    """Measure upload and download, then rows and memory of a file of 2 GB, then a workbook."""
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=600, trust_env=False) as http:
        person = register(http)
        yield from transfers.run(stack, person)
        yield from large.run(stack, person)
    yield from workbooks.run()
