"""Which test keeps which promise: `python -m tests.promises` reads the markers, writes docs/promises.md."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parent.parent
SENTENCES = ROOT / "tests" / "promises.toml"
PAPER = ROOT / "docs" / "promises.md"
_HEAD = """\
# Promises

These are promises that anyone can try to break, and the tests that keep them. `python -m tests.promises`
writes this page from the tests' own markers, `@pytest.mark.promise("S58")`; a test fails when the page is out
of date. A promise may be kept in part: the names of the tests say how far.
"""
_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Claim:
    """A test says that it keeps a promise."""

    promise: str
    test: str


def sentences() -> dict[str, str]:
    """Every promise by its id, in the order of the file."""
    chapters = tomllib.loads(SENTENCES.read_text(encoding="utf-8"))
    return {name: sentence for chapter in chapters.values() for name, sentence in chapter.items()}


def claims(directory: Path = ROOT / "tests") -> list[Claim]:
    """Every marker in the tests, in the order of their files."""
    return [claim for path in sorted(directory.rglob("*.py")) for claim in _claims_of(path)]


def _claims_of(path: Path) -> Iterator[Claim]:
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    # A marker of a whole module or class speaks for all in it, so the place is named rather than each test.
    yield from _walk(tree, name)


def _walk(node: ast.AST, place: str) -> Iterator[Claim]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _walk(child, f"{place}::{child.name}")
        else:
            yield from _promised(child, place)
            yield from _walk(child, place)


def _promised(node: ast.AST, place: str) -> Iterator[Claim]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.promise":
        for argument in node.args:
            if isinstance(argument, ast.Constant):
                yield Claim(str(argument.value), place)


def page() -> str:
    """Return the text of docs/promises.md."""
    kept: dict[str, list[str]] = {}
    for claim in claims():
        tests = kept.setdefault(claim.promise, [])
        if claim.test not in tests:
            tests.append(claim.test)
    known = sentences()
    lines = [_HEAD, "## Kept", ""]
    for name, sentence in known.items():
        if name in kept:
            lines += [f"### {name}", "", *_wrapped(sentence), "", *_by_file(kept[name]), ""]
    lines += ["## Not yet", "", "No test keeps these yet; do not rely on them.", ""]
    for name, sentence in known.items():
        if name not in kept:
            lines += _wrapped(f"* {name}: {sentence}", indent="  ")
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, _WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _by_file(tests: list[str]) -> Iterator[str]:
    """Yield the files, and under each its tests; a file with none below it keeps the promise as a whole."""
    files: dict[str, list[str]] = {}
    for test in tests:
        file, _, name = test.partition("::")
        files.setdefault(file, []).extend([name] if name else [])
    for file, names in files.items():
        yield f"* `{file}`"
        yield from (f"  * `{name}`" for name in names)


def main() -> int:
    """Write the page; the exit code is 1 when a marker names a promise that does not exist."""
    unknown = [claim for claim in claims() if claim.promise not in sentences()]
    for claim in unknown:
        print(f"{claim.test}: there is no promise {claim.promise} in {SENTENCES.name}", file=sys.stderr)
    if unknown:
        return 1
    PAPER.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
