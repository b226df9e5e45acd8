"""A migration takes nothing away that the previous release uses: both serve during a rollout.

What is no longer used may go two releases later. Such a migration says so in a constant, `CONTRACTS`, which
names the release since which nothing uses it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
MIGRATIONS = sorted(ROOT.glob("services/*/*migrations/versions/[0-9]*.py"))
#: From the time before the first release that is replaced pod by pod.
BEFORE = {"vault/keystore_migrations/versions/0003_rotation.py"}
IN_SQL = re.compile(
    r"\bDROP\s+(?:TABLE|COLUMN)\b|\bRENAME\s+(?:TO|COLUMN)\b|\bSET\s+NOT\s+NULL\b|\bALTER\s+COLUMN\s+\S+\s+TYPE\b",
    re.IGNORECASE,
)


def destructive(source: str) -> Iterator[str]:
    """Name the steps of `upgrade` that break a program that does not know of them."""
    module = ast.parse(source)
    if any(
        isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CONTRACTS" for node in module.body
    ):
        return
    # Statements often stand in constants above; those of `downgrade` are never run by a rollout.
    parts = [node for node in module.body if getattr(node, "name", "") != "downgrade"]
    for node in (inner for part in parts for inner in ast.walk(part)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (found.group() for found in IN_SQL.finditer(node.value))
        elif isinstance(node, ast.Call):
            called, words = (
                ast.unparse(node.func),
                {word.arg: ast.unparse(word.value) for word in node.keywords},
            )
            narrows = words.get("nullable") == "False" or {"type_", "new_column_name"} & words.keys()
            if called in ("op.drop_table", "op.drop_column", "op.rename_table") or (
                called == "op.alter_column" and narrows
            ):
                yield called
            elif (
                called == "op.add_column"
                and len(node.args) > 1
                and isinstance(column := node.args[1], ast.Call)
            ):
                told = {word.arg: ast.unparse(word.value) for word in column.keywords}
                # The previous release inserts rows without it.
                if told.get("nullable") == "False" and "server_default" not in told:
                    yield called


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: str(path.relative_to(ROOT / "services")))
def test_the_previous_release_can_live_with_it(path: Path) -> None:
    name = str(path.relative_to(ROOT / "services"))
    found = list(destructive(path.read_text(encoding="utf-8")))
    assert not found or name in BEFORE, (name, found)


def test_no_exception_is_left_that_needs_none() -> None:
    for name in BEFORE:
        assert list(destructive((ROOT / "services" / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "step",
    [
        'op.drop_column("job", "file")',
        'op.drop_table("job")',
        'op.alter_column("job", "file", nullable=False)',
        'op.alter_column("job", "file", new_column_name="data")',
        'op.add_column("job", sa.Column("kind", sa.Text, nullable=False))',
        'op.execute("ALTER TABLE job RENAME COLUMN file TO data")',
        'op.execute("ALTER TABLE job ALTER COLUMN file TYPE int")',
    ],
)
def test_what_breaks_the_previous_release_is_refused(step: str) -> None:
    assert list(destructive(f"def upgrade():\n    {step}\n"))
    assert not list(destructive(f"def downgrade():\n    {step}\n"))
    assert not list(destructive(f'CONTRACTS = "0.3.0"\ndef upgrade():\n    {step}\n'))


def test_what_only_adds_is_taken() -> None:
    for step in (
        'op.add_column("job", sa.Column("kind", sa.Text, nullable=False, server_default=""))',
        'op.add_column("job", sa.Column("kind", sa.Text, nullable=True))',
        'op.create_table("kind", sa.Column("id", sa.Text, nullable=False))',
        'op.alter_column("job", "file", nullable=True)',
    ):
        assert not list(destructive(f"def upgrade():\n    {step}\n"))
