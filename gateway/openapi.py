"""The OpenAPI 3.1 document: every HTTP binding of the protos, described by the protos' comments."""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2

from gateway.bindings import Binding, bindings
from gateway.installation import PATH, installation_path, installation_schema
from gateway.proto_index import ProtoIndex, index
from gateway.public import is_public
from gateway.schemas import Schema, Schemas, id_pattern

ABOUT = (
    "Smelt runs prompt templates over the rows of a CSV and puts the answers in new columns. "
    "Unknown query parameters and unknown fields of a JSON body are refused. "
    "64-bit integers are written as strings. All errors have the same shape, with a stable `reason`."
)
ERROR: Schema = {
    "type": "object",
    "description": "What went wrong (google.rpc.Status).",
    "required": ["code", "message", "details"],
    "properties": {
        "code": {"type": "integer", "description": "The google.rpc.Code."},
        "message": {"type": "string", "description": "A sentence that says what happened."},
        "details": {
            "type": "array",
            "description": (
                "Details; the first one is a google.rpc.ErrorInfo. The refusal of a file also has a "
                "smelt.files.v1.RefusedFile: its name, and options that would read it."
            ),
            "items": {
                "type": "object",
                "required": ["@type"],
                "properties": {
                    "@type": {"type": "string"},
                    "reason": {"type": "string", "description": "A stable reason, UPPER_SNAKE."},
                    "domain": {"type": "string", "const": "smelt"},
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        },
    },
}
FAILED = {
    "description": "An error.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "If you repeat a call with the same key and body, nothing is created twice.",
    "schema": {"type": "string", "maxLength": 255},
}
FILE: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}


def openapi(descriptors: descriptor_pb2.FileDescriptorSet) -> dict[str, Any]:
    """The document, ready for JSON."""
    protos = index(descriptors)
    schemas = Schemas(protos)
    edge = bindings(descriptors)
    paths: dict[str, dict[str, Any]] = {PATH: installation_path()}
    for binding in edge:
        operations = paths.setdefault(address(binding), {})
        operations[binding.method.lower()] = _operation(binding, protos, schemas, edge)
    tags = {"Installation": "What this installation is."}
    tags |= {_tag(binding): protos.comment(f".{binding.service}") for binding in edge}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smelt", "version": "1", "description": ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "security": [{"session": []}],
        "tags": [{"name": name, "description": text} for name, text in tags.items()],
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, "Error": ERROR, "Installation": installation_schema()},
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(
    binding: Binding, protos: ProtoIndex, schemas: Schemas, edge: tuple[Binding, ...]
) -> dict[str, Any]:
    text = protos.comment(f".{binding.service}.{binding.rpc}")
    same = [other for other in edge if (other.service, other.rpc) == (binding.service, binding.rpc)]
    position = same.index(binding)
    parameters = [*_path_parameters(binding, protos), *_query_parameters(binding, protos, schemas)]
    if binding.creates and not is_public(binding) and not binding.client_streaming:
        parameters.append(IDEMPOTENCY_KEY)
    return {
        "operationId": binding.rpc + (str(position + 1) if position else ""),
        "tags": [_tag(binding)],
        "summary": text.split(". ")[0].rstrip("."),
        "description": text,
        **({"security": []} if is_public(binding) else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _request_body(binding, protos, schemas)} if binding.body else {}),
        "responses": {
            "201" if binding.creates else "200": {
                "description": "Done.",
                "content": _answer(binding, schemas),
            },
            "default": FAILED,
        },
    }


def _tag(binding: Binding) -> str:
    return binding.service.rsplit(".", 1)[-1].removesuffix("Service")


def address(binding: Binding) -> str:
    """The path with names for its variables: `/v1/files/{file}/rows` for `/v1/{parent=files/*}/rows`."""
    return re.sub(r"(\w+)/\*", lambda found: f"{found[1]}/{{{singular(found[1])}}}", binding.path.expanded)


def singular(collection: str) -> str:
    """The name of one of a collection: `api_key` for `apiKeys`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", collection).lower()
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


def _path_parameters(binding: Binding, protos: ProtoIndex) -> Iterator[dict[str, Any]]:
    for collection, name in zip(
        re.findall(r"(\w+)/\*", binding.path.expanded), binding.path.fields, strict=True
    ):
        part = _field(binding.request, name, protos)
        yield {
            "name": singular(collection),
            "in": "path",
            "required": True,
            "description": protos.comment(f"{binding.request}.{name}")
            if part.type == part.TYPE_INT32
            else f"The id in the name `{collection}/{{id}}`.",
            "schema": id_pattern(part, collection),
        }


def _field(message: str, path: str, protos: ProtoIndex) -> descriptor_pb2.FieldDescriptorProto:
    first, _, rest = path.partition(".")
    part = next(part for part in protos.messages[message].field if part.name == first)
    return _field(part.type_name, rest, protos) if rest else part


def _query_parameters(binding: Binding, protos: ProtoIndex, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if binding.body == "*":
        return
    elsewhere = {binding.body, *(name.split(".")[0] for name in binding.path.fields)}
    for part in protos.messages[binding.request].field:
        if part.name not in elsewhere:
            yield {"name": part.name, "in": "query", "schema": schemas.field(binding.request, part)}


def _request_body(binding: Binding, protos: ProtoIndex, schemas: Schemas) -> dict[str, Any]:
    if binding.raw_request:
        form = {"type": "object", "properties": {"file": FILE}, "required": ["file"]}
        types = {"text/csv": FILE, "application/octet-stream": FILE, "multipart/form-data": form}
        return {"required": True, "content": {kind: {"schema": schema} for kind, schema in types.items()}}
    if binding.body == "*":
        needed = set(schemas.required(binding.request)) - set(binding.path.fields)
        schema = schemas.object(binding.request, without=binding.path.fields)
        if not binding.path.fields:
            schema = schemas.reference(binding.request)
    else:
        message = _field(binding.request, binding.body, protos).type_name
        needed = set(schemas.required(message)) if binding.creates else set()
        schema = schemas.reference(message) | ({"required": sorted(needed)} if needed else {})
        schema |= {"unevaluatedProperties": False}
    return {"required": bool(needed), "content": {"application/json": {"schema": schema}}}


def _answer(binding: Binding, schemas: Schemas) -> dict[str, Any]:
    if binding.raw_response:
        return {kind: {"schema": FILE} for kind in binding.raw_types}
    schema = schemas.reference(binding.response)
    if binding.is_event_stream:
        events = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
        return {"text/event-stream": {"schema": {**events, "description": "The data of an event."}}}
    return {"application/json": {"schema": schema}}
