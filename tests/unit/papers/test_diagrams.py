"""Diagrams in the papers can be drawn: their Mermaid is of a kind that we know and names known parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
DIAGRAMS = [
    pytest.param(block, id=f"{paper.stem} {number}")
    for paper in PAPERS
    for number, block in enumerate(
        re.findall(r"^```mermaid\n(.*?)^```$", paper.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL), 1
    )
]
NAME = r"[A-Za-z][A-Za-z0-9_]*"
#: A name that ends the line would end a subgraph or a block.
RESERVED = {"end", "graph", "subgraph", "class", "click", "style", "default"}
SHAPES = (r"\(\[([^\[\](){}\"]+)\]\)", r"\[\(([^\[\](){}\"]+)\)\]", r"\[([^\[\](){}\"]+)\]")
LINK = re.compile(rf"({NAME}) (?:-->|---|-\.->)(?:\|\"([^\"|]+)\"\|)? ({NAME})")
MESSAGE = re.compile(rf"({NAME})(?:->>|-->>|-\)|--\)|-x|--x)[+-]?({NAME}): (\S.*)")
NOTE = re.compile(rf"Note (?:over|left of|right of) ({NAME})(?:,({NAME}))?: (\S.*)")


def flowchart(lines: list[str]) -> None:
    """Raise AssertionError for what does not fit the part of Mermaid's flowcharts that we use."""
    parts: set[str] = set()
    links: list[re.Match[str]] = []
    depth = 0
    for line in lines:
        if line == "end":
            depth -= 1
            assert depth >= 0, "an `end` without a subgraph"
        elif found := re.fullmatch(rf"subgraph ({NAME}) \[[^\[\]]+\]", line):
            depth += 1
            parts.add(found[1])
        elif found := LINK.fullmatch(line):
            links.append(found)
        else:
            shape = next(
                (match for each in SHAPES if (match := re.fullmatch(rf"({NAME}){each}", line))), None
            )
            assert shape is not None, line
            assert shape[1] not in parts, f"{shape[1]} twice"
            parts.add(shape[1])
    assert depth == 0, "a subgraph without its `end`"
    assert not parts & RESERVED
    for link in links:
        assert {link[1], link[3]} <= parts, link[0]
    used = {name for link in links for name in (link[1], link[3])}
    assert len(used) > 1


def sequence(lines: list[str]) -> None:
    """The same for sequence diagrams."""
    parts: set[str] = set()
    open_blocks: list[str] = []
    for line in lines:
        if found := re.fullmatch(rf"(?:participant|actor) ({NAME})(?: as \S.*)?", line):
            parts.add(found[1])
        elif found := MESSAGE.fullmatch(line):
            assert {found[1], found[2]} <= parts, line
            assert ";" not in found[3], f"a semicolon ends a statement: {line}"
        elif found := NOTE.fullmatch(line):
            assert {found[1], found[2] or found[1]} <= parts, line
            assert ";" not in found[3], f"a semicolon ends a statement: {line}"
        elif found := re.fullmatch(r"(opt|alt|loop|par|critical|break) \S.*", line):
            open_blocks.append(found[1])
        elif re.fullmatch(r"else( \S.*)?", line):
            assert open_blocks[-1:] == ["alt"], line
        elif line == "par":
            open_blocks.append(line)
        elif re.fullmatch(r"and( \S.*)?", line):
            assert open_blocks[-1:] == ["par"], line
        elif line == "end":
            assert open_blocks, "an `end` without a block"
            open_blocks.pop()
        else:
            assert line == "autonumber", line
    assert not open_blocks
    assert len(parts) > 1


def check(block: str) -> None:
    """Raise AssertionError if a diagram cannot be drawn."""
    head, *lines = [line.strip() for line in block.splitlines() if line.strip()]
    kinds = {"flowchart LR": flowchart, "flowchart TB": flowchart, "sequenceDiagram": sequence}
    assert head in kinds, head
    kinds[head](lines)


@pytest.mark.parametrize("block", DIAGRAMS)
def test_a_diagram_can_be_drawn(block: str) -> None:
    check(block)


def test_the_papers_that_promise_a_picture_have_one() -> None:
    for name, least in (("sequences.md", 3), ("threat-model.md", 1)):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8").count("```mermaid\n") >= least


@pytest.mark.parametrize(
    "block",
    [
        "pie\n",
        "flowchart LR\n a[one]\n a --> b\n",
        "flowchart LR\n a[one]\n b[two]\n a -> b\n",
        "flowchart LR\n subgraph s [S]\n a[one]\n b[two]\n a --> b\n",
        "flowchart LR\n a[one (two)]\n b[two]\n a --> b\n",
        "flowchart LR\n a[one]\n end\n b[two]\n a --> b\n",
        "flowchart LR\n a[one]\n a[two]\n b[two]\n a --> b\n",
        "sequenceDiagram\n participant A\n participant B\n A->>C: hello\n",
        "sequenceDiagram\n participant A\n participant B\n A->>B: one; two\n",
        "sequenceDiagram\n participant A\n participant B\n opt x\n A->>B: one\n",
        "sequenceDiagram\n participant A\n participant B\n else y\n",
        "sequenceDiagram\n participant A\n participant B\n A->>B\n",
    ],
)
def test_a_broken_diagram_is_noticed(block: str) -> None:
    with pytest.raises(AssertionError):
        check(block)
