"""Every reason an answer can give: `python -m tests.reasons` writes docs/errors.md from the code's errors."""

import ast
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

import gateway.errors
import services
from services.common.errors import DomainError, Kind, RemoteError

ROOT = Path(__file__).resolve().parent.parent
PAPER = ROOT / "docs" / "errors.md"

# What Envoy's transcoder makes of each gRPC code (google/rpc/code.proto names the same mapping).
STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.EXISTS: 409,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 400,
    Kind.EXHAUSTED: 429,
    Kind.TOO_LARGE: 413,
    Kind.TOO_SLOW: 408,
    Kind.OUT_OF_RANGE: 416,
    Kind.UNAVAILABLE: 503,
    Kind.DAMAGED: 500,
    Kind.INTERNAL: 500,
}
_HEAD = """\
# Errors

`python -m tests.reasons` writes this page from the errors in the code; a test fails when it is out of date.

Every refusal has this body, whatever the cause:

```json
{
  "code": 3,
  "message": "Too many columns",
  "details": [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      "reason": "FILE_TOO_MANY_COLUMNS",
      "domain": "smelt"
    }
  ]
}
```

`code` is a `google.rpc.Code`. Programs should match on `reason`, which does not change; `message` is for
people and can change. `metadata` beside the reason may name facts, such as a line. Among the details, a
`google.rpc.BadRequest` names the fields that are wrong; a `google.rpc.RetryInfo`, and the header
`Retry-After`, say when to try again.

A JSON body may contain only fields that the call knows, with values of their types. Everything else is
`INVALID_REQUEST`, and each violation names a field by its path and says what is wrong with it:

```json
{"field": "template.temprature", "description": "is not a known field; did you mean temperature?"}
```

A request that will be refused is refused before its body has arrived, so that nothing of it is kept. Over
HTTP/1.1 the connection is then closed. Over HTTP/2 the stream is reset with NO_ERROR after the answer (RFC
9113, section 8.1), except after short bodies; a few older clients, such as curl 7.88, report that reset
instead of the answer.

## Reasons of answers

The number after each reason is the HTTP status. Some reasons come from methods that only services may call;
you see them only when a service passes them on.
"""
_ROWS = """
## Reasons of rows and jobs

These appear in `error.reason` of a row or a job, not in the body of an error. `/openapi.json` lists the
values of `pause_reason`.
"""
_WIDTH = 120
_SNAKE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
#: What carries a reason in the processor without being an error.
_CARRIERS = {"Failure", "Problem"}


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """A reason, the HTTP status it comes with, and what it means."""

    name: str
    status: int
    meaning: str


def import_all() -> None:
    """Import every module of the services, so that all errors are known."""
    for module in pkgutil.walk_packages(services.__path__, "services."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _subclasses(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for error in of.__subclasses__():
        yield error
        yield from _subclasses(error)


def domain_reasons() -> Iterator[Reason]:
    """Reasons of the services' own rules."""
    import_all()
    errors: list[type[DomainError]] = [DomainError, *_subclasses(DomainError)]
    for error in errors:
        if error is not RemoteError and error.__module__.startswith("services."):
            own = error.__doc__ if "__doc__" in vars(error) and error is not DomainError else None
            meaning = inspect.cleandoc(own).split("\n\n")[0].replace("\n", " ") if own else error.message
            yield Reason(error.reason, STATUS[error.kind], meaning.rstrip("."))


def edge_reasons() -> Iterator[Reason]:
    """Reasons that the gateway gives by itself."""
    for refusal in vars(gateway.errors).values():
        for one in refusal if isinstance(refusal, tuple) else (refusal,):
            if isinstance(one, gateway.errors.Refusal):
                meaning = one.message if "%" not in one.message else "The request is not valid"
                yield Reason(one.reason, one.status, meaning)


def row_reasons() -> dict[str, str]:
    """Reasons of rows and jobs with their messages, as far as the code spells them out."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "services" / "processor").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in _CARRIERS:
                texts = [a.value for a in _arguments(node) if isinstance(a, ast.Constant)]
                words = [text for text in texts if isinstance(text, str)]
                if words and _SNAKE.fullmatch(words[0]):
                    messages = found.setdefault(words[0], [])
                    messages += [word for word in words[1:2] if word not in messages]
    return {name: "; ".join(messages) for name, messages in sorted(found.items())}


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def page() -> str:
    """Return the text of docs/errors.md."""
    lines = [_HEAD]
    merged: dict[str, tuple[list[int], list[str]]] = {}
    for reason in sorted({*domain_reasons(), *edge_reasons()}):
        statuses, meanings = merged.setdefault(reason.name, ([], []))
        if reason.status not in statuses:
            statuses.append(reason.status)
        if reason.meaning not in meanings:
            meanings.append(reason.meaning)
    for name, (statuses, meanings) in merged.items():
        lines += _item(f"`{name}` ({', '.join(map(str, statuses))})", "; ".join(meanings))
    lines.append(_ROWS)
    for name, meaning in row_reasons().items():
        lines += _item(f"`{name}`", meaning or "see the message")
    return "\n".join(lines) + "\n"


def _item(name: str, meaning: str) -> list[str]:
    return wrap(f"* {name}: {meaning}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def main() -> int:
    """Write the page."""
    PAPER.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
