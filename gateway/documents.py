"""The documents that the edge serves itself, with or without a console."""

from collections.abc import Iterator
from pathlib import Path

from gateway import installation, mailed_links
from gateway.own_answers import refused, shown
from gateway.parts import Config, headers

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


def documents(out: Path, *, has_console: bool) -> Iterator[Config]:
    """Yield their routes. Where there is a console, its own pages stand behind the links in mails."""
    yield _document("/healthz", {"inline_string": '{"status":"ok"}'}, _JSON)
    yield _document("/openapi.json", {"filename": str(out / "openapi.json")}, _JSON)
    yield _document(installation.PATH, {"filename": str(out / "installation.json")}, _JSON)
    yield {
        **refused(405, {"path": installation.PATH}),
        "response_headers_to_add": headers({"allow": "GET, HEAD"}),
    }
    yield _document("/.well-known/security.txt", {"filename": str(out / "security.txt")}, _TEXT)
    if not has_console:
        for path, text in mailed_links.PAGES.items():
            yield _document(path, {"inline_string": text}, _TEXT)


def _document(path: str, body: Config, content_type: str) -> Config:
    return shown({"path": path}, body, {"content-type": content_type})
