"""A snapshot as bytes, in pieces of which each is read quickly: a large one has a line for each of its parts.

Reading one JSON document holds the interpreter's lock from its begin to its end, in a thread too. A snapshot
may have twenty steps and all of an account's variables, many megabytes, so a large one is written as lines:
the first without these parts, then one for each step and for some of the variables at a time. A small one is
the first line alone, which is also what earlier releases wrote and read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import orjson

from services.common.aside import go_on
from services.processor.jobs.plan import Snapshot, Step
from services.processor.outside import Dialect
from services.processor.templates.prompt_settings import PromptSettings

#: A snapshot of less is one line, which takes a millisecond to read.
_ONE_LINE_BYTES = 256 * 1024
_VARIABLES_IN_LINE = 20


def dump(snapshot: Snapshot) -> bytes:
    """Return a snapshot as bytes."""
    lines = [orjson.dumps(_head(snapshot))]
    for step in snapshot.steps:
        go_on()
        lines.append(orjson.dumps({"step": step_document(step)}))
    for first in range(0, len(snapshot.variables), _VARIABLES_IN_LINE):
        go_on()
        lines.append(orjson.dumps({"variables": snapshot.variables[first : first + _VARIABLES_IN_LINE]}))
    if sum(map(len, lines)) <= _ONE_LINE_BYTES:
        return orjson.dumps(_whole(snapshot))
    # Neither a step nor a text contains a line end: JSON writes it as \n.
    return b"\n".join(lines)


def load(content: bytes) -> Snapshot:
    """Return the snapshot that bytes stand for."""
    lines = content.split(b"\n")
    document = orjson.loads(lines[0])
    steps = [*document.get("steps", ())]
    variables = [*document.get("variables", ())]
    for line in lines[1:]:
        go_on()
        part = orjson.loads(line)
        if "step" in part:
            steps.append(part["step"])
        else:
            variables += part["variables"]
    return Snapshot(
        columns=tuple(document["columns"]),
        steps=tuple(_step(**step) for step in steps),
        base_url=document["base_url"],
        variables=tuple((key, value) for key, value in variables),
        identical_once=document.get("identical_once", False),
        # A job of an earlier release goes on as it began: it sends blank rows.
        skips_blank_rows=document.get("skips_blank_rows", False),
        # Results of a job of an earlier release are written as they were.
        dialect=Dialect(**document.get("dialect", {})),
    )


def shown(snapshot: Snapshot) -> Iterator[bytes]:
    """Yield a snapshot as one JSON document, in pieces, for its owner to read."""
    yield orjson.dumps(_head(snapshot)).removesuffix(b"}") + b',"steps":['
    yield from _listed(map(step_document, snapshot.steps))
    yield b'],"variables":['
    yield from _listed(snapshot.variables)
    yield b"]}"


def _listed(items: Iterable[Any]) -> Iterator[bytes]:
    for nth, item in enumerate(items):
        yield (b"," if nth else b"") + orjson.dumps(item)


def _head(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "columns": snapshot.columns,
        "base_url": snapshot.base_url,
        "identical_once": snapshot.identical_once,
        **_further(snapshot),
    }


def _whole(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "columns": snapshot.columns,
        "steps": [step_document(step) for step in snapshot.steps],
        "base_url": snapshot.base_url,
        "variables": snapshot.variables,
        "identical_once": snapshot.identical_once,
        **_further(snapshot),
    }


def _further(snapshot: Snapshot) -> dict[str, Any]:
    """Return what snapshots of earlier releases do not have; it is written only where it says something."""
    said: dict[str, Any] = {"skips_blank_rows": True} if snapshot.skips_blank_rows else {}
    return said if snapshot.dialect == Dialect() else said | {"dialect": asdict(snapshot.dialect)}


def step_document(step: Step) -> dict[str, Any]:
    """Return a step with its settings in one object."""
    return {"template": step.template, **step.settings.stored()}


def _step(template: str, **settings: Any) -> Step:
    return Step(template, PromptSettings.from_document(settings))
