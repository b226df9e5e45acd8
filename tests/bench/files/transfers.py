"""200 MB up and down through the gateway, in turn with boto3 and the same bytes to the same S3 server."""

import hashlib
import http.client
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from services.common.ids import new_id
from tests.bench.figures import Figure
from tests.bench.files.content import csv
from tests.e2e.api import Person, tls
from tests.support.stack import Stack

ROWS = 2_000_000
NOTE = b"a remark on them"
#: Other work on the machine can slow one of the two by seconds, so short transfers need more rounds.
UPLOADS, DOWNLOADS = 5, 15


def run(stack: Stack, person: Person) -> Iterator[Figure]:
    """Measure upload with parse, profile and encryption, and download with decryption."""
    content = b"".join(csv(ROWS, note=NOTE))
    s3, bucket = bucket_of(stack)
    parts = TransferConfig(multipart_chunksize=16 * 1024 * 1024, max_concurrency=2)
    key = f"bench-{new_id()}"
    made: list[dict[str, Any]] = []

    def fetch() -> None:
        assert received(stack, person, f"/v1/{made[-1]['name']}:download") == len(content)

    up, bare_up = in_turn(
        lambda: made.append(person.file(content)),
        lambda: s3.upload_fileobj(io.BytesIO(content), bucket, key, Config=parts),
        rounds=UPLOADS,
    )
    assert made[-1]["sha256"] == hashlib.sha256(content).hexdigest()
    down, bare_down = in_turn(
        fetch, lambda: s3.download_fileobj(bucket, key, io.BytesIO(), Config=parts), rounds=DOWNLOADS
    )
    s3.delete_object(Bucket=bucket, Key=key)
    for file in made:
        person.ok("DELETE", f"/v1/{file['name']}")
    mb = len(content) / 1e6
    yield Figure(
        "upload beside boto3",
        bare_up / up,
        0.25,
        f"{mb / up:.0f} beside {mb / bare_up:.0f} MB/s, {mb:.0f} MB",
    )
    yield Figure(
        "download beside boto3", bare_down / down, 0.6, f"{mb / down:.0f} beside {mb / bare_down:.0f} MB/s"
    )


def received(stack: Stack, person: Person, path: str) -> int:
    """Return how many bytes arrive, using the standard library's HTTP client, as boto3 does."""
    edge = urlsplit(stack.gateway_url)
    with closing(http.client.HTTPSConnection(edge.netloc, context=tls(stack), timeout=600)) as connection:
        connection.request("GET", path, headers={"authorization": f"Bearer {person.token}"})
        answer, buffer, length = connection.getresponse(), bytearray(1024 * 1024), 0
        assert answer.status == 200
        while count := answer.readinto(buffer):
            length += count
    return length


def in_turn(one: Callable[[], Any], other: Callable[[], Any], *, rounds: int) -> tuple[float, float]:
    """Return the median time of each of two calls, which take turns so that both see the same load.

    Times of one transfer with boto3 differ by a factor of two, and the best of them is luck.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for work, taken in zip((one, other), times, strict=True):
            started = time.perf_counter()
            work()
            taken.append(time.perf_counter() - started)
    return median(times[0]), median(times[1])


def bucket_of(stack: Stack) -> tuple[Any, str]:
    """Return a client of the stack's S3 server, and the bucket of files."""
    environment = Path(f"/proc/{stack.pids['files']}/environ").read_text().split("\0")
    told = dict(line.partition("=")[::2] for line in environment if line.startswith("SMELT_S3_"))
    client = boto3.client(
        "s3",
        endpoint_url=told["SMELT_S3_ENDPOINT"],
        region_name="us-east-1",
        aws_access_key_id=Path(told["SMELT_S3_ACCESS_KEY_FILE"]).read_text().strip(),
        aws_secret_access_key=Path(told["SMELT_S3_SECRET_KEY_FILE"]).read_text().strip(),
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return client, told["SMELT_S3_BUCKET"]
