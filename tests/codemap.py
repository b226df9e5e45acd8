"""The map of rooms: `python -m tests.codemap` writes docs/codemap.md from the sentence in each `__init__`."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAPER = ROOT / "docs" / "codemap.md"
SERVICES = ("auth", "vault", "files", "processor", "common")
_HEAD = """\
# Codemap

Where to find things in `services/`: each room in one line, as its `__init__.py` says it. `python -m
tests.codemap` writes this page; a test fails when it is out of date.

Every service has the same shape, so that after reading one you know where to look in the others:

* `__main__.py` has the commands, `service.py` puts the parts together, `settings.py` reads the environment,
  `policy.py` lists which caller may use which method, `models.py` and `migrations/` hold the tables.
* `servicers/` is the door for calls that come in, one module for each proto file. `peers/` is the door for
  calls that go out, one module for each service. Only doors know gRPC and its messages.
* Every other room is a subject. Its rules, values, Protocols and errors stand next to its SQL, which is in
  a module or a folder named `store`. Only stores know SQL.
* `privacy/` holds what is exported and erased with an account.

Rooms are layers: a room may use those below it. `pyproject.toml` lists the layers from top to bottom, and
import-linter enforces them. A new room must be added there before the lint passes.
[ARCHITECTURE.md](../ARCHITECTURE.md) says why the services are cut this way, [recipes.md](recipes.md) how
to add to them.
"""


def rooms(service: str) -> list[tuple[str, str]]:
    """Return each room of a service below `services/`, and the sentence in it."""
    base = ROOT / "services" / service
    found = []
    for path in sorted(base.rglob("__init__.py"), key=lambda each: each.parent.parts):
        if "migrations" not in path.parts:
            sentence = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found.append((path.parent.relative_to(base.parent).as_posix(), sentence))
    return found


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for service in SERVICES:
        (_, sentence), *inner = rooms(service)
        parts.append(f"\n## {service}\n\n{sentence}\n\n")
        for room, said in inner:
            line = f"* `{room}/`: {said}"
            parts.append(line if len(line) <= 120 else _folded(line))
            parts.append("\n")
    return "".join(parts)


def _folded(line: str) -> str:
    cut = line.rfind(" ", 0, 120)
    return f"{line[:cut]}\n  {line[cut + 1 :]}"


if __name__ == "__main__":
    PAPER.write_text(page(), encoding="utf-8")
