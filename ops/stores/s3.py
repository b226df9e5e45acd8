"""Backups in a bucket of any S3. Parts are sent in order, so that simple servers can take them too."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.stores.errors import NoSuchObject, StoreUnavailable
from ops.stores.store import Sink, Stored

#: S3 takes 10,000 parts at most: objects of up to 320 GB. One part is held in memory.
PART_BYTES = 32 << 20
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A store in a bucket, or in the part of it below `prefix`."""

    client: Any
    name: str
    prefix: str = ""

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        upload = _Upload(self.client, self.name, self.prefix + key)
        try:
            yield upload
            with _told(key):
                upload.finish()
        except BaseException:
            upload.abort()
            raise

    @contextmanager
    def reading(self, key: str) -> Iterator[BinaryIO]:
        with _told(key):
            body = self.client.get_object(Bucket=self.name, Key=self.prefix + key)["Body"]
        try:
            yield cast(BinaryIO, _Body(body, key))
        finally:
            body.close()

    def listed(self, prefix: str) -> Iterator[Stored]:
        with _told(prefix):
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.name, Prefix=self.prefix + prefix):
                for entry in page.get("Contents", ()):
                    yield Stored(entry["Key"].removeprefix(self.prefix), entry["Size"])

    def delete(self, keys: Collection[str]) -> None:
        names = [{"Key": self.prefix + key} for key in keys]
        for start in range(0, len(names), _DELETED_AT_ONCE):
            with _told("objects"):
                done = self.client.delete_objects(
                    Bucket=self.name,
                    Delete={"Objects": names[start : start + _DELETED_AT_ONCE], "Quiet": True},
                )
            if done.get("Errors"):
                raise StoreUnavailable("the bucket refuses to delete outdated objects")


class _Body:
    """What S3 sends, with errors of the network as ours."""

    def __init__(self, body: Any, key: str) -> None:
        self._body, self._key = body, key

    def read(self, size: int = -1) -> bytes:
        try:
            data: bytes = self._body.read(None if size < 0 else size)
        except Exception as error:  # noqa: BLE001 -- urllib3's errors come through unchanged
            raise StoreUnavailable(f"the bucket broke off in {self._key}: {type(error).__name__}") from None
        return data


class _Upload:
    """An object on its way: small ones go in one request, others in parts."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._held = bytearray()
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) >= PART_BYTES:
            with _told(self._key):
                self._send(bytes(self._held[:PART_BYTES]))
            del self._held[:PART_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: parts have one size."""

    def finish(self) -> None:
        if self._id is None:
            self._client.put_object(Bucket=self._bucket, Key=self._key, Body=bytes(self._held))
            return
        if self._held:
            self._send(bytes(self._held))
        self._client.complete_multipart_upload(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        if self._id is not None:
            try:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._id)
            except (BotoCoreError, ClientError):
                return  # The bucket's lifecycle removes what was never finished.

    def _send(self, part: bytes) -> None:
        if self._id is None:
            begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=self._key)
            self._id = begun["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            Bucket=self._bucket, Key=self._key, UploadId=self._id, PartNumber=number, Body=part
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})


@contextmanager
def _told(key: str) -> Iterator[None]:
    """Turn the client's errors into ours, which name no credential and no address."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if code in ("NoSuchKey", "404"):
            raise NoSuchObject(key) from None
        raise StoreUnavailable(f"the bucket refused {key}: {code}") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"the bucket does not answer ({type(error).__name__})") from None


def bucket(
    *, endpoint: str, name: str, region: str, access_key: str, secret_key: str, prefix: str = ""
) -> Bucket:
    """Open a bucket. An empty endpoint is the region's own."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=Config(
            s3={"addressing_style": "path"},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
        ),
    )
    return Bucket(client, name, prefix)
