"""Messages of downloads in their wire form."""

import pytest
from google.api import httpbody_pb2

from services.common.rpc import downloads


@pytest.mark.parametrize("size", [0, 1, 127, 128, 129, 16_383, 16_384, 512 * 1024, 2**21 - 1, 2**21])
def test_a_body_is_what_the_library_reads(size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    for cut in {0, 1, size // 2, size}:
        sent = downloads.body("text/csv", data[:cut], data[cut:])
        assert httpbody_pb2.HttpBody.FromString(sent) == httpbody_pb2.HttpBody(
            content_type="text/csv", data=data
        )


def test_a_body_of_nothing_and_the_sign_of_a_broken_download_differ() -> None:
    assert not httpbody_pb2.HttpBody.FromString(downloads.body("text/csv")).data
    assert downloads.body("") != downloads.BROKEN_OFF
