"""Bytes that are no message become a mark, and the mark a refusal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from smelt.files.v1 import files_pb2

from services.common.errors import InvalidRequest
from services.common.rpc import readable

READ = readable.marking(files_pb2.GetFileRequest.FromString)
BROKEN = [b"\x0a\x01\xff", b"\x0a\x02\xc0\xaf", b"\x0a\x03\xed\xa0\x80", b"\xff", b"\x0a\x05a", b"\x0b"]


@pytest.mark.promise("S54")
@pytest.mark.parametrize("data", BROKEN)
async def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest):
        readable.check(READ(data))

    async def requests() -> AsyncIterator[Any]:
        yield READ(b"\x0a\x01a")
        yield READ(data)

    seen = []
    with pytest.raises(InvalidRequest):
        async for request in readable.each(requests()):
            seen.append(request.name)
    assert seen == ["a"]


def test_a_message_is_read_as_it_is() -> None:
    request = READ(b"\x0a\x02\xc3\xa9")
    readable.check(request)
    assert request == files_pb2.GetFileRequest(name="é")
