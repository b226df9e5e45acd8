"""Profiles of stored files: made at each upload and reparse, sealed, and visible only to the owner."""

import grpc
import pytest
from smelt.files.v1 import files_pb2

from tests.integration.files.library.test_reparses import reparsed
from tests.integration.files.service import Caller, Service, refusal

CONTENT = b"Full Name,Email,Company;x\nAda,visible@example.com,Acme\n,visible@example.com,Acme\n"


async def profile(caller: Caller, name: str) -> files_pb2.FileProfile:
    request = files_pb2.GetFileProfileRequest(name=f"{name}/profile")
    answer: files_pb2.FileProfile = await caller.files.GetFileProfile(request, metadata=caller.metadata)
    return answer


async def test_a_profile_tells_types_fullness_duplicates_and_a_score(gateway: Caller) -> None:
    file = await gateway.upload(CONTENT)
    found = await profile(gateway, file.name)
    assert (found.name, found.parse, found.row_count) == (f"{file.name}/profile", 1, 2)
    name, email, company = found.columns
    kinds = files_pb2.FileProfile
    assert (name.type, name.confidence, name.completeness) == (kinds.FULL_NAME, 0.9, 0.5)
    assert not name.HasField("duplicate_count")
    assert (email.type, list(email.samples), email.duplicate_count) == (
        kinds.EMAIL,
        ["visible@example.com"],
        1,
    )
    assert (email.malformed_count, email.HasField("malformed_count")) == (0, True)
    assert (company.type, company.confidence, company.duplicate_count) == (kinds.COMPANY_NAME, 0.6, 1)
    assert found.quality.score == round(100 - 30 * 0.5 / 3)
    assert found.quality.band == "Excellent"


async def test_each_parse_has_its_profile_and_none_lies_open(gateway: Caller, service: Service) -> None:
    file = await gateway.upload(CONTENT)
    await reparsed(gateway, file.name, delimiter="|")
    found = await profile(gateway, file.name)
    assert (found.parse, len(found.columns)) == (2, 1)
    rows = service.query("SELECT sealed_profile FROM file_parse WHERE file = %s", file.name[6:])
    assert len(rows) == 2
    assert not any(b"visible" in row[0] or b"Email" in row[0] for row in rows)


async def test_a_file_of_an_earlier_release_is_profiled_when_it_is_read_anew(
    gateway: Caller, service: Service
) -> None:
    file = await gateway.upload(CONTENT)
    service.query("UPDATE file_parse SET sealed_profile = NULL WHERE file = %s RETURNING 1", file.name[6:])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await profile(gateway, file.name)
    assert refusal(caught.value).reason == "FILE_NOT_PROFILED"
    assert (await reparsed(gateway, file.name)).parse == 2
    assert (await profile(gateway, file.name)).parse == 2


@pytest.mark.promise("S30")
async def test_another_accounts_profile_is_like_none(gateway: Caller) -> None:
    file = await gateway.upload(CONTENT)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await profile(Caller(gateway.channel), file.name)
    assert refusal(caught.value).reason == "FILE_NOT_FOUND"
