"""Audit actions of auth: one list, of methods that exist, which owners can read about."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from smelt.auth.v1 import (
    access_tokens_pb2,
    data_exports_pb2,
    deletions_pb2,
    recovery_pb2,
    sessions_pb2,
    users_pb2,
)

from services.auth.events.actions import ACTIONS
from services.auth.policy import POLICY

ROOT = Path(__file__).resolve().parents[4]
PAPER = (ROOT / "docs" / "data-processing.md").read_text(encoding="utf-8")
CONTRACTS = (
    access_tokens_pb2,
    data_exports_pb2,
    deletions_pb2,
    recovery_pb2,
    sessions_pb2,
    users_pb2,
)


def test_every_listed_method_exists() -> None:
    methods = {
        f"/{service.full_name}/{method.name}"
        for contract in CONTRACTS
        for service in contract.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert ACTIONS.keys() <= methods
    assert ACTIONS.keys() <= POLICY.keys()


def actions_given() -> Iterator[tuple[str, ast.expr]]:
    """Where an event is made, and what its action is made from."""
    for path in sorted((ROOT / "services" / "auth").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).split(".")[-1]
                if name == "note_event":
                    yield str(path), node.args[2]
                elif name == "Event":
                    yield from ((str(path), each.value) for each in node.keywords if each.arg == "action")


def test_no_event_is_made_with_an_action_that_is_not_from_the_list() -> None:
    given = list(actions_given())
    assert len(given) == 2
    for path, action in given:
        assert not isinstance(action, ast.Constant), f"{path}: {ast.unparse(action)}"


def test_owners_can_read_what_each_action_means() -> None:
    section = PAPER.split("### What auth's events record")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)
    assert sorted(explained) == sorted(ACTIONS.values())
