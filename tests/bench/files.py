"""50 MB up and down through the gateway beside a plain boto3 transfer to the same server."""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from services.common.ids import new_id
from tests.bench.figures import Figure, peak_memory_mib
from tests.e2e.api import register, tls
from tests.support.stack import Stack

SIZE = 50 * 1000 * 1000
LINE = b"Ada,Lovelace,ada@example.com,Analytical Engines Ltd,London,some longer remark about the person\n"
ROUNDS = 3


def _seconds(work: Callable[[], Any]) -> float:
    """Return the best of a few rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def _settings(stack: Stack) -> dict[str, str]:
    environment = Path(f"/proc/{stack.pids['files']}/environ").read_text().split("\0")
    return dict(line.partition("=")[::2] for line in environment if line.startswith("SMELT_S3_"))


def run(stack: Stack) -> Iterator[Figure]:
    """Measure upload, download and the memory of files."""
    content = b"First,Last,E-Mail,Company,City,Note\n" + LINE * (SIZE // len(LINE))
    told = _settings(stack)
    s3 = boto3.client(
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
    parts = TransferConfig(multipart_chunksize=16 * 1024 * 1024, max_concurrency=2)
    bucket, key = told["SMELT_S3_BUCKET"], f"bench-{new_id()}"
    bare_up = _seconds(lambda: s3.upload_fileobj(io.BytesIO(content), bucket, key, Config=parts))
    bare_down = _seconds(lambda: s3.download_fileobj(bucket, key, io.BytesIO(), Config=parts))
    s3.delete_object(Bucket=bucket, Key=key)
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=120, trust_env=False) as http:
        person = register(http)
        made: list[dict[str, Any]] = []
        up = _seconds(lambda: made.append(person.file(content)))
        assert made[-1]["sha256"] == hashlib.sha256(content).hexdigest()

        def fetch() -> None:
            answer = person.call("GET", f"/v1/{made[-1]['name']}:download")
            assert len(answer.content) == len(content)

        down = _seconds(fetch)
        for file in made:
            person.ok("DELETE", f"/v1/{file['name']}")
    mb = len(content) / 1e6
    yield Figure(
        "upload beside boto3", bare_up / up, 0.25, f"{mb / up:.0f} beside {mb / bare_up:.0f} MB/s, 50 MB"
    )
    yield Figure(
        "download beside boto3", bare_down / down, 0.3, f"{mb / down:.0f} beside {mb / bare_down:.0f} MB/s"
    )
    memory = peak_memory_mib(stack.pids["files"])
    yield Figure("peak memory of files, MiB", memory, 200, "after 50 MB up and down", above=False)
