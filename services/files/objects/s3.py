"""Objects in S3: the only module that knows boto3. Everything here blocks."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.response import StreamingBody

from services.common.errors import Unavailable
from services.common.logs import describe, log
from services.files.objects.part_file import PartFile
from services.files.objects.sealed import ObjectMissing

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

#: All parts but the last have this size: some servers refuse gaps and small parts (S3: below 5 MiB). Larger
#: parts take more disk for each upload; smaller ones lower the size that 10,000 parts can hold.
PART_BYTES = 16 * 1024 * 1024
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_NOT_SUPPORTED = frozenset({"501", "NotImplemented"})
_GONE = frozenset({"404", "NoSuchUpload", "NoSuchKey"})


@dataclass(frozen=True, slots=True)
class S3Access:
    """The bucket's address and the credentials for it."""

    endpoint: str
    bucket: str
    region: str
    access_key: str
    secret_key: str


@contextmanager
def _s3_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _MISSING:
            raise ObjectMissing from None
        log.warning("s3.refused", **describe(error))
        raise Unavailable from None
    except (BotoCoreError, HTTPClientError) as error:
        log.warning("s3.unavailable", **describe(error))
        raise Unavailable from None


class S3Objects:
    """One bucket of sealed objects under random flat keys."""

    def __init__(self, access: S3Access, *, connections: int) -> None:
        self._bucket = access.bucket
        self._senders = ThreadPoolExecutor(connections, thread_name_prefix="send")
        self._s3: S3Client = boto3.client(
            "s3",
            endpoint_url=access.endpoint,
            region_name=access.region,
            aws_access_key_id=access.access_key,
            aws_secret_access_key=access.secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                signature_version="s3v4",
                # Servers other than Amazon's refuse or mishandle the default checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=connections,
                proxies={},
            ),
        )

    def ensure_bucket(self) -> None:
        """Create the bucket unless it exists; raise Unavailable when the server does not answer."""
        try:
            with _s3_errors():
                self._s3.head_bucket(Bucket=self._bucket)
        except ObjectMissing:
            with _s3_errors():
                self._s3.create_bucket(Bucket=self._bucket)

    def writer(self, key: str) -> "S3Writer":
        return S3Writer(self._s3, self._bucket, key, senders=self._senders)

    def reader(self, key: str, start: int = 0, stop: int | None = None) -> "S3Reader":
        ranged = start > 0 or stop is not None
        with _s3_errors():
            if ranged:
                last = "" if stop is None else str(stop - 1)
                answer = self._s3.get_object(Bucket=self._bucket, Key=key, Range=f"bytes={start}-{last}")
            else:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        return S3Reader(answer["Body"], None if ranged else answer["ContentLength"])

    def delete(self, key: str) -> None:
        try:
            with _s3_errors():
                self._s3.delete_object(Bucket=self._bucket, Key=key)
        except ObjectMissing:
            return

    def all_keys(self) -> Iterator[list[str]]:
        """Yield the keys of all objects, one page of the listing at a time."""
        with _s3_errors():
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket):
                yield [entry["Key"] for entry in page.get("Contents", ())]

    def keys_older_than(self, moment: datetime) -> Iterator[list[str]]:
        """Yield the keys of objects last written before a moment, one page of the listing at a time."""
        with _s3_errors():
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket):
                found = [entry["Key"] for entry in page.get("Contents", ()) if entry["LastModified"] < moment]
                if found:
                    yield found

    def abort_uploads_older_than(self, moment: datetime) -> int:
        """Abort multipart uploads that began before a moment; return how many."""
        ended = 0
        try:
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket)
            for page in pages:
                for upload in page.get("Uploads", ()):
                    if upload["Initiated"] < moment:
                        self._abort(upload["Key"], upload["UploadId"])
                        ended += 1
        except ClientError as error:
            # A server that cannot list uploads removes them itself; others answer this when there are none.
            if error.response.get("Error", {}).get("Code") not in _NOT_SUPPORTED | _GONE:
                raise Unavailable from None
        except (BotoCoreError, HTTPClientError):
            raise Unavailable from None
        return ended

    def _abort(self, key: str, upload: str) -> None:
        try:
            self._s3.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise

    def close(self) -> None:
        self._senders.shutdown()
        self._s3.close()


class S3Writer:
    """One object: one PUT if it is small, else a multipart upload; one part fills while another is sent."""

    def __init__(self, s3: "S3Client", bucket: str, key: str, *, senders: Executor) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._senders = senders
        self._part = PartFile(PART_BYTES)
        self._spare: PartFile | None = None
        self._sending: Future[CompletedPartTypeDef] | None = None
        self._upload = ""
        self._parts: list[CompletedPartTypeDef] = []

    def write(self, piece: memoryview) -> None:
        try:
            while piece := self._part.fill(piece):
                self._send()
        except OSError as error:
            # The disk is full; there may be room later.
            log.error("part.not_kept", **describe(error))
            raise Unavailable from None

    def end(self) -> None:
        if self._upload:
            self._send()

    def finish(self) -> None:
        with _s3_errors():
            if self._upload:
                self._await_sent()
                self._s3.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=self._key,
                    UploadId=self._upload,
                    MultipartUpload={"Parts": self._parts},
                )
            else:
                self._s3.put_object(Bucket=self._bucket, Key=self._key, Body=self._part.body())
        self._release()

    def abort(self) -> None:
        """Remove what was sent; the sweep removes what cannot be reached now."""
        if self._sending is not None:
            # A part that arrived after the abort would stay in the store.
            wait([self._sending])
        self._release()
        if self._upload:
            try:
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload)
            except (ClientError, BotoCoreError, HTTPClientError) as error:
                log.warning("s3.abort_failed", **describe(error))

    def _send(self) -> None:
        with _s3_errors():
            if not self._upload:
                begun = self._s3.create_multipart_upload(Bucket=self._bucket, Key=self._key)
                self._upload = begun["UploadId"]
        self._await_sent()
        full, self._part = self._part, self._spare or PartFile(PART_BYTES)
        self._spare = full
        self._sending = self._senders.submit(self._put, full, len(self._parts) + 1)

    def _put(self, part: PartFile, number: int) -> "CompletedPartTypeDef":
        with _s3_errors():
            sent = self._s3.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload,
                PartNumber=number,
                Body=part.body(),
            )
        return {"PartNumber": number, "ETag": sent["ETag"]}

    def _await_sent(self) -> None:
        """Wait for the part that is being sent; raise its error."""
        if self._sending is not None:
            self._parts.append(self._sending.result())
            self._sending = None
            assert self._spare is not None
            self._spare.empty()

    def _release(self) -> None:
        for part in (self._part, self._spare):
            if part is not None:
                part.release()


class S3Reader:
    """An object's bytes as they arrive."""

    def __init__(self, body: StreamingBody, length: int | None) -> None:
        self._body = body
        self.length = length

    def read(self, count: int) -> bytes:
        with _s3_errors():
            return self._body.read(count)

    def close(self) -> None:
        self._body.close()
