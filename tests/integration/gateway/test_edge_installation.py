"""What the edge tells everybody of its installation, and where the answer comes from."""

import json
from typing import Any

import jsonschema_rs
import pytest
from pydantic import ValidationError

from gateway.bindings import load
from gateway.installation import InstallationSettings, installation
from gateway.openapi import openapi
from services.common.version import VERSION
from tests.integration.gateway.conftest import MAX_UPLOAD_BYTES, Edge, assert_safe, error_of

SCHEMA = openapi(load())["components"]["schemas"]["Installation"]


async def test_everybody_is_told_the_limits_before_they_meet_them(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/installation", token=None)
    assert answer.status == 200
    assert_safe(answer)
    told = json.loads(answer.body)
    jsonschema_rs.validate(SCHEMA, told)
    assert told["limits"]["max_upload_bytes"] == MAX_UPLOAD_BYTES
    assert told["limits"]["max_rows"] == 50_000
    assert (told["version"], told["sign_up"], told["plan"]) == (VERSION, "open", "unlimited")
    assert told["stand_in_provider"] is None
    # With a session it is the same answer, and nothing of a person is in it.
    assert (await edge.call("GET", "/v1/installation")).body == answer.body


async def test_it_takes_no_other_method(edge: Edge) -> None:
    answer = await edge.call("POST", "/v1/installation", json={})
    assert error_of(answer)[:3] == (405, 12, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD"


def test_what_the_operator_sets_is_what_is_told() -> None:
    settings = InstallationSettings(
        sign_up="first",
        verify_email=True,
        plan="free",
        managed_key=True,
        stand_in_url="http://127.0.0.1:9/v1",
        max_rows=10,
    )
    told: dict[str, Any] = installation(settings)
    jsonschema_rs.validate(SCHEMA, told)
    assert (told["sign_up"], told["verify_email"], told["plan"]) == ("first", True, "free")
    assert told["managed_key"] is True
    assert told["stand_in_provider"] == {"base_url": "http://127.0.0.1:9/v1"}
    assert told["limits"]["max_rows"] == 10


@pytest.mark.parametrize("url", ["javascript:alert(1)", "127.0.0.1:9", "http://a b"])
def test_a_stand_in_that_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="base URL of a provider"):
        InstallationSettings(stand_in_url=url)
