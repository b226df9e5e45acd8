"""The API description, checked against the contracts and the standard."""

import json
import subprocess
import sys

from openapi_spec_validator import validate

from gateway.bindings import bindings, load
from gateway.openapi import openapi
from gateway.proto_index import index
from gateway.public import PUBLIC

DOCUMENT = openapi(load())


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    validate(json.loads(json.dumps(DOCUMENT)))


def test_every_binding_is_described() -> None:
    operations = [operation for path in DOCUMENT["paths"].values() for operation in path.values()]
    # The edge itself answers one more.
    assert len(operations) == len(bindings(load())) + 1
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["description"] and operation["summary"] for operation in operations)
    assert all(
        "default" in operation["responses"]
        for operation in operations
        if operation["operationId"] != "GetInstallation"
    )


def test_every_field_has_its_comment() -> None:
    schemas = {name: schema for name, schema in DOCUMENT["components"]["schemas"].items() if name != "Error"}
    for name, schema in schemas.items():
        for field, described in schema["properties"].items():
            assert described.get("description") or "$ref" in described, f"{name}.{field}"


def test_only_what_is_public_needs_no_session() -> None:
    opened = {
        (method, path)
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if operation.get("security") == []
    }
    assert opened == {(method.lower(), path) for method, path in PUBLIC} | {("get", "/v1/installation")}
    assert DOCUMENT["security"] == [{"session": []}]


def test_names_are_spelled_out_in_paths() -> None:
    operation = DOCUMENT["paths"]["/v1/files/{file}/rows"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["file", "first", "count"]
    assert operation["parameters"][0]["schema"]["pattern"] == "^[a-z0-9]{1,64}$"
    assert "/v1/apiKeys/{api_key}:activate" in DOCUMENT["paths"]
    assert "/v1/webhookDeliveries/{webhook_delivery}" in DOCUMENT["paths"]
    profile = DOCUMENT["paths"]["/v1/files/{file}/profile"]["get"]
    assert profile["parameters"][0]["schema"]["pattern"] == "^[a-z0-9]{1,64}$"


def test_creating_answers_201_and_the_rest_200() -> None:
    for path in ("/v1/users", "/v1/sessions", "/v1/apiKeys", "/v1/templates", "/v1/jobs", "/v1/files:upload"):
        assert "201" in DOCUMENT["paths"][path]["post"]["responses"]
    assert "200" in DOCUMENT["paths"]["/v1/jobs/{job}:cancel"]["post"]["responses"]


def test_types_are_those_of_the_json_mapping() -> None:
    job = DOCUMENT["components"]["schemas"]["Job"]["properties"]
    assert job["input_tokens"]["type"] == "string"
    assert job["first_row"]["type"] == "integer"
    assert "RUNNING" in job["state"]["enum"]
    assert job["create_time"]["format"] == "date-time"
    key = DOCUMENT["components"]["schemas"]["CreateApiKeyRequest"]
    assert key["properties"]["secret"]["writeOnly"] is True
    assert key["required"] == ["secret"]
    outputs = DOCUMENT["components"]["schemas"]["JobRow"]["properties"]["outputs"]
    assert outputs["additionalProperties"] == {"type": "string"}


def test_bytes_and_events_are_not_json() -> None:
    paths = DOCUMENT["paths"]
    assert set(paths["/v1/files/{file}:download"]["get"]["responses"]["200"]["content"]) >= {"text/csv"}
    archive = paths["/v1/dataExports/{data_export}:download"]["get"]["responses"]["200"]["content"]
    assert set(archive) == {"application/zip"}
    assert set(paths["/v1/jobs/{job}:watch"]["get"]["responses"]["200"]["content"]) == {"text/event-stream"}
    assert "multipart/form-data" in paths["/v1/files:upload"]["post"]["requestBody"]["content"]


def test_comments_are_found_by_name() -> None:
    protos = index(load())
    assert protos.comment(".smelt.processor.v1.Job.State.RUNNING") == "Rows are being processed."
    assert protos.comment(".smelt.unknown") == ""


def test_the_command_prints_the_document() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "gateway", "openapi"], capture_output=True, text=True, check=True
    )
    assert json.loads(printed.stdout) == json.loads(json.dumps(DOCUMENT))


def test_requests_have_no_other_fields_and_answers_may_get_some() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["CreateJobRequest"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Template"]
    body = DOCUMENT["paths"]["/v1/templates"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["unevaluatedProperties"] is False


def test_money_is_sent_as_text_or_number_and_answered_as_text() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["CreateJobRequest"]["properties"]["max_cost_usd"]["type"] == ["string", "number"]
    assert schemas["Job"]["properties"]["max_cost_usd"]["type"] == "string"
