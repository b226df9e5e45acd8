"""What the API description says is required is refused when it is missing, and the other way round."""

from typing import Any

import pytest
from google.protobuf import message_factory

from gateway.bindings import Binding, bindings, load
from gateway.openapi import address, openapi
from services.common.errors import InvalidRequest
from services.common.rpc.guard import check
from tests.e2e import contracts

DOCUMENT = openapi(load())
BINDINGS = [binding for binding in bindings(load()) if not binding.raw_request]
#: Fields that a service itself refuses when they are missing, with a reason of their own. That it does, and
#: names the field, `tests/e2e/test_required.py` sees.
OWN_REASONS = {
    "CreateUser": {"email", "password"},
    "CreateApiKey": {"secret"},
    "CreateJob": {"templates"},
    "EstimateJob": {"templates"},
    "CreateTemplate": {"display_name", "category", "prompt", "output_column"},
    "CreateVariable": {"display_name"},
    "CreateWebhook": {"url"},
}


def said_required(binding: Binding) -> set[str]:
    """The fields of the body that the description calls required."""
    body = DOCUMENT["paths"][address(binding)][binding.method.lower()].get("requestBody")
    if body is None:
        return set()
    schema = body["content"]["application/json"]["schema"]
    found = set(schema.get("required", ()))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        found |= set(DOCUMENT["components"]["schemas"][name].get("required", ()))
    assert body["required"] == bool(found), binding
    return found


def refused_empty(binding: Binding) -> set[str]:
    """The fields that the contract's rules name in an empty request, but for those of the address."""
    request: Any = message_factory.GetMessageClass(
        contracts.pool()[0].FindMessageTypeByName(binding.request.lstrip("."))
    )()
    if binding.body not in ("", "*"):
        getattr(request, binding.body).SetInParent()
    try:
        check(request)
    except InvalidRequest as error:
        return {field for field, _ in error.violations} - set(binding.path.fields)
    return set()


@pytest.mark.promise("S54")
@pytest.mark.parametrize("binding", BINDINGS, ids=lambda binding: f"{binding.method} {binding.path.text}")
def test_required_fields_are_those_that_are_refused_when_missing(binding: Binding) -> None:
    assert said_required(binding) == refused_empty(binding) | OWN_REASONS.get(binding.rpc, set())


def test_a_change_may_name_any_field() -> None:
    for path, method in (("/v1/templates/{template}", "patch"), ("/v1/variables/{variable}", "patch")):
        schema = DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
        assert "required" not in schema
    assert "required" not in DOCUMENT["components"]["schemas"]["Template"]
