"""The list of audit actions: complete, used, and explained to operators."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from services.vault.audit.actions import Action, refused_call

ROOT = Path(__file__).resolve().parents[4]
VAULT = ROOT / "services" / "vault"
LIST = VAULT / "audit" / "actions.py"
PAPER = ROOT / "docs" / "operating-the-vault.md"
#: Calls that take an action, and which of their arguments it is.
TAKE_ACTIONS = {"Event": 2, "_noted": 0, "refused": None}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(VAULT.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def actions_of(tree: ast.Module) -> Iterator[ast.expr]:
    """What the calls of a module give as an action."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rsplit(".", 1)[-1]
            place = TAKE_ACTIONS.get(name)
            if place is not None and len(node.args) > place:
                yield node.args[place]
            if name in TAKE_ACTIONS:
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "action")


def test_no_record_names_an_action_that_is_not_on_the_list() -> None:
    """The type of `Event.action` holds this too; a literal or a cast is caught here."""
    found = 0
    for path, tree in trees():
        for action in actions_of(tree):
            found += 1
            assert isinstance(action, ast.Name | ast.Attribute), f"{path}: {ast.unparse(action)}"
            assert not isinstance(action, ast.Attribute) or ast.unparse(action.value) == "Action", path
    assert found > len(Action) // 2


def test_only_the_list_makes_an_action_out_of_text() -> None:
    for path, tree in trees():
        if path != LIST:
            made = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
            assert not made & {"Action", "RefusedCall"}, path


def test_every_action_on_the_list_is_recorded_somewhere() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in VAULT.rglob("*.py") if path != LIST)
    assert [action for action in Action if f"Action.{action.name}" not in code] == []


def test_operators_find_every_action_explained() -> None:
    chapter = PAPER.read_text(encoding="utf-8").split("## What the audit log records")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `([^`]+)` \| \S", chapter, re.MULTILINE)
    assert explained == [*Action, refused_call("/package.Service/METHOD")]
