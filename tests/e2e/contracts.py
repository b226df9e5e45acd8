"""What the descriptors contain: methods with REST bindings, and fields that name resources."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from buf.validate import validate_pb2
from google.api import annotations_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = Path(__file__).resolve().parents[2]
OURS = "smelt."
#: The services whose PrivacyService auth calls to export and erase what they hold about people.
HOLDERS = ("vault", "files", "processor")
#: Packages that several services serve, and which.
SHARED = {"privacy": HOLDERS, "suspension": ("vault", "processor")}


@dataclass(frozen=True, slots=True)
class Method:
    """One of our RPCs."""

    full_name: str
    request_streaming: bool
    response_streaming: bool
    #: (verb, path template, body) for each REST binding.
    bindings: tuple[tuple[str, str, str], ...]
    input: Any

    @property
    def services(self) -> tuple[str, ...]:
        """Short names of the services that serve it."""
        name = self.full_name.removeprefix("/").split(".")[1]
        return SHARED.get(name, (name,))

    @property
    def package(self) -> str:
        """The short name of the service, or of one of them: auth, vault, files or processor."""
        return self.services[0]


@cache
def pool() -> tuple[descriptor_pool.DescriptorPool, descriptor_pb2.FileDescriptorSet]:
    """Return the pool of the generated descriptor set, with options parsed."""
    content = (ROOT / "gen" / "smelt.binpb").read_bytes()
    files = descriptor_pb2.FileDescriptorSet.FromString(content)
    made = descriptor_pool.DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made, files


@cache
def methods() -> tuple[Method, ...]:
    """Return all our RPCs, in the order of the descriptors."""
    made, files = pool()
    found: list[Method] = []
    for file in files.file:
        if not file.package.startswith(OURS):
            continue
        for service in file.service:
            for method in service.method:
                rule = method.options.Extensions[annotations_pb2.http]
                bindings = []
                for binding in (rule, *rule.additional_bindings):
                    verb = binding.WhichOneof("pattern")
                    if verb:
                        bindings.append((verb.upper(), getattr(binding, verb), binding.body))
                found.append(
                    Method(
                        full_name=f"/{file.package}.{service.name}/{method.name}",
                        request_streaming=method.client_streaming,
                        response_streaming=method.server_streaming,
                        bindings=tuple(bindings),
                        input=made.FindMessageTypeByName(method.input_type.removeprefix(".")),
                    )
                )
    return tuple(found)


def people_methods() -> list[Method]:
    """Return the RPCs that people can call."""
    return [method for method in methods() if method.bindings]


def empty_request(method: Method) -> Any:
    """Return an empty request message of a method."""
    return message_factory.GetMessageClass(method.input)()


def resource_fields(message: Any, before: str = "", seen: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield (field path, collection) for fields, also nested ones, whose rules demand `collection/{id}`."""
    for field in message.fields:
        path = f"{before}{field.name}"
        rules = validate_pb2.FieldRules.FromString(
            field.GetOptions().Extensions[validate_pb2.field].SerializeToString()
        )
        pattern = rules.string.pattern or rules.repeated.items.string.pattern
        for collection in re.findall(r"([a-zA-Z]+)/\[a-z0-9\]", pattern):
            yield path, collection
        nested = field.message_type
        if nested is not None and nested.full_name.startswith(OURS) and nested.full_name not in seen:
            yield from resource_fields(nested, f"{path}.", (*seen, nested.full_name))
