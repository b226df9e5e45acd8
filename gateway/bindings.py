"""The HTTP bindings of the protos: which method and path reaches which RPC."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pb2

DESCRIPTORS = Path(__file__).resolve().parent.parent / "gen" / "smelt.binpb"
HTTP_BODY = ".google.api.HttpBody"
# These read a whole file, or call a model, before they respond.
LONG = ("ReparseFile", "TestTemplate", "TestApiKey")
#: The types of answers that are bytes; the others are CSV.
RAW_TYPES = {
    "DownloadDataExport": ("application/zip",),
    "DownloadFile": (
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel.sheet.macroEnabled.12",
    ),
    "DownloadResults": (
        "text/csv",
        "text/tab-separated-values",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/jsonl",
    ),
}
_HOLE = re.compile(r"\{([^}=]+)(?:=([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path with variables, such as `/v1/{name=files/*}:download`; a `*` matches one segment."""

    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The request fields that the path sets."""
        return tuple(hole.group(1) for hole in _HOLE.finditer(self.text))

    @property
    def expanded(self) -> str:
        """The path with its variables expanded: `/v1/files/*:download`."""
        return _HOLE.sub(lambda hole: hole.group(2) or "*", self.text)

    @property
    def regex(self) -> str:
        """A pattern for whole paths. A segment contains no colon, because a colon starts a custom method."""
        return "[^/:]+".join(re.escape(part) for part in self.expanded.split("*"))


@dataclass(frozen=True, slots=True)
class Binding:
    """One HTTP method and path that reach an RPC."""

    service: str
    rpc: str
    method: str
    path: PathTemplate
    body: str
    request: str
    response: str
    client_streaming: bool
    server_streaming: bool
    raw_request: bool

    @property
    def cluster(self) -> str:
        """The service that handles it: `files` for `smelt.files.v1.FileService`."""
        return self.service.split(".")[1]

    @property
    def creates(self) -> bool:
        """Whether success is 201, which the servicer sets with `x-http-status`."""
        return self.rpc.startswith(("Create", "Upload"))

    @property
    def is_long(self) -> bool:
        """Whether the response may take as long as an upload."""
        return self.rpc in LONG

    @property
    def raw_response(self) -> bool:
        """Whether the response is bytes rather than JSON."""
        return self.response == HTTP_BODY

    @property
    def raw_types(self) -> tuple[str, ...]:
        """The content types of an answer that is bytes."""
        return RAW_TYPES.get(self.rpc, ("text/csv",))

    @property
    def is_event_stream(self) -> bool:
        """Whether the response is a stream of JSON messages."""
        return self.server_streaming and not self.raw_response


def load(path: Path = DESCRIPTORS) -> descriptor_pb2.FileDescriptorSet:
    """The descriptor set of all protos, as written by `make gen`."""
    return descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())


def bindings(descriptors: descriptor_pb2.FileDescriptorSet) -> tuple[Binding, ...]:
    """Every HTTP binding, in the order of the protos."""
    messages = _messages(descriptors)
    return tuple(
        _binding(f"{file.package}.{service.name}", rpc, rule, messages)
        for file in descriptors.file
        for service in file.service
        for rpc in service.method
        for rule in _rules(rpc)
    )


def _rules(rpc: descriptor_pb2.MethodDescriptorProto) -> Iterator[http_pb2.HttpRule]:
    if rpc.options.HasExtension(annotations_pb2.http):
        rule = rpc.options.Extensions[annotations_pb2.http]
        yield rule
        yield from rule.additional_bindings


def _binding(
    service: str,
    rpc: descriptor_pb2.MethodDescriptorProto,
    rule: http_pb2.HttpRule,
    messages: dict[str, dict[str, str]],
) -> Binding:
    verb = rule.WhichOneof("pattern")
    body_field = messages[rpc.input_type].get(rule.body)
    return Binding(
        service=service,
        rpc=rpc.name,
        method=verb.upper(),
        path=PathTemplate(getattr(rule, verb)),
        body=rule.body,
        request=rpc.input_type,
        response=rpc.output_type,
        client_streaming=rpc.client_streaming,
        server_streaming=rpc.server_streaming,
        raw_request=body_field == HTTP_BODY,
    )


def _messages(descriptors: descriptor_pb2.FileDescriptorSet) -> dict[str, dict[str, str]]:
    """The type names of the fields of every top-level message."""
    return {
        f".{file.package}.{message.name}": {field.name: field.type_name for field in message.field}
        for file in descriptors.file
        for message in file.message_type
    }
