"""The rules written in the contracts are understood by the installed validator: each kind is broken once."""

from typing import Any

import pytest
from google.protobuf.message import Message
from smelt.auth.v1 import grants_pb2, sessions_pb2, users_pb2
from smelt.files.v1 import files_pb2
from smelt.processor.v1 import jobs_pb2, templates_pb2
from smelt.vault.v1 import data_keys_pb2, signing_pb2

from services.common.errors import InvalidRequest
from services.common.rpc.guard import check

FILE = "files/" + "a" * 26
BROKEN: dict[str, tuple[Message, str]] = {
    "string.max_len": (users_pb2.CreateUserRequest(email="a" * 1025), "email"),
    "string.pattern": (sessions_pb2.DeleteSessionRequest(name="sessions/../x"), "name"),
    "string.min_len": (
        signing_pb2.SignRequest(session={"session": "s"}, lifetime_seconds=1),
        "session.account",
    ),
    "enum.required": (grants_pb2.MintJobGrantRequest(), "purpose"),
    "enum.defined_only": (grants_pb2.MintJobGrantRequest(purpose=9), "purpose"),  # type: ignore[arg-type]
    "int32.gte": (files_pb2.ListFileRowsRequest(parent=FILE, first=-1), "first"),
    "int32.lte": (files_pb2.ListFilesRequest(page_size=1001), "page_size"),
    "int32.gt": (signing_pb2.SignRequest(session={"session": "s", "account": "a"}), "lifetime_seconds"),
    "int64.gte": (
        data_keys_pb2.CreateDataKeyRequest(context={"purpose": 1, "object": FILE}),
        "context.generation",
    ),
    "double.lte": (
        templates_pb2.CreateTemplateRequest(template=templates_pb2.Template(temperature=1.5)),
        "template.temperature",
    ),
    "bytes.len": (signing_pb2.MacRequest(digest=b"x"), "digest"),
    "bytes.max_len": (
        data_keys_pb2.OpenDataKeyRequest(
            context={"purpose": 1, "object": FILE, "generation": 1},
            wrapped_key=b"x" * 513,
        ),
        "wrapped_key",
    ),
    "message.required": (templates_pb2.CreateTemplateRequest(), "template"),
    "repeated.max_items": (
        jobs_pb2.CreateJobRequest(file=FILE, templates=["templates/a"] * 21),
        "templates",
    ),
    "repeated.items": (jobs_pb2.CreateJobRequest(file=FILE, templates=["files/a"]), "templates"),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named(case: tuple[Any, str]) -> None:
    message, field = case
    with pytest.raises(InvalidRequest) as refused:
        check(message)
    assert [path for path, _ in refused.value.violations] == [field]
    assert all(description for _, description in refused.value.violations)
