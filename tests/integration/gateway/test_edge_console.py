"""A built console at the edge: its files, its pages, the policy of each, and nothing of it on the API."""

import datetime
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.ports import PortBlock
from gateway.console import PAGES, WITH_PAGES
from gateway.console_files import FOLDER
from gateway.errors import SECURITY_HEADERS
from gateway.render import render
from tests.integration.gateway.conftest import Edge, another_edge, assert_safe, error_of, gateway_settings
from tests.integration.gateway.wire import Answer

INDEX = b"<!doctype html><title>Smelt</title>"
SCRIPT = b"export const a = 1;\n" * 200
FILES = {
    "index.html": INDEX,
    "console/main-a1B2_3-d.js": SCRIPT,
    "console/main-ABCDEFGH.css": b"body { color: CanvasText; }",
    "console/Inter-12345678.woff2": b"wOF2 not really",
    "console/theme-settings.js": b"document.documentElement.dataset.theme = 'dark';",
    "console/smelt.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ".done": b"",
    "console/.hidden.js": b"hidden",
    "console/main.js.map": b"{}",
    ".vite/manifest.json": json.dumps(
        {
            "index.html": {"file": "console/main-a1B2_3-d.js", "css": ["console/main-ABCDEFGH.css"]},
            "Inter.woff2": {"file": "console/Inter-12345678.woff2"},
        }
    ).encode(),
}
PACKED = ("index.html", "console/main-a1B2_3-d.js", "console/main-ABCDEFGH.css", "console/smelt.svg")
TYPES = {
    "/console/main-a1B2_3-d.js": "text/javascript; charset=utf-8",
    "/console/main-ABCDEFGH.css": "text/css; charset=utf-8",
    "/console/Inter-12345678.woff2": "font/woff2",
    "/console/theme-settings.js": "text/javascript; charset=utf-8",
    "/console/smelt.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def packed(content: bytes) -> bytes:
    """Stand for a file that the build has compressed; the edge does not look into it."""
    return b"packed: " + content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name in PACKED:
        (folder / f"{name}.br").write_bytes(packed(FILES[name]))
    return folder


@pytest_asyncio.fixture(scope="module")
async def with_console(
    edge: Edge, built: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Edge]:
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports)
        settings = settings.model_copy(update={"console_dir": built})
        async with another_edge(edge, settings, tmp_path_factory.mktemp("edge-console")) as running:
            yield running


def pages() -> list[str]:
    return [*PAGES, *(f"{collection}/a1-b_c" for collection in WITH_PAGES), "/jobs/new?file=files/a"]


async def get(edge: Edge, path: str, *, accept: str = "", method: str = "GET") -> Answer:
    # An empty value keeps the client's own from being sent.
    return await edge.call(method, path, token=None, headers={"Accept-Encoding": accept})


@pytest.mark.promise("S62")
@pytest.mark.promise("S63")
async def test_every_page_is_the_index_under_its_own_policy(with_console: Edge) -> None:
    for page in pages():
        answer = await get(with_console, page)
        assert (answer.status, answer.body) == (200, INDEX), page
        said = answer.headers
        assert said["content-type"] == "text/html; charset=utf-8"
        assert said["content-security-policy"] == POLICY
        assert said["cross-origin-opener-policy"] == said["cross-origin-resource-policy"] == "same-origin"
        assert said["permissions-policy"] == "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        assert said["cache-control"] == "no-cache"
        own = {"content-security-policy", "cache-control"}
        assert {name: said.get(name) for name in SECURITY_HEADERS.keys() - own} == {
            name: value for name, value in SECURITY_HEADERS.items() if name not in own
        }
        assert "server" not in said


@pytest.mark.parametrize("path", TYPES)
async def test_a_file_has_its_type_and_is_kept_as_long_as_its_name_allows(
    with_console: Edge, path: str
) -> None:
    answer = await get(with_console, path)
    assert (answer.status, answer.body) == (200, FILES[path[1:]])
    assert answer.headers["content-type"] == TYPES[path]
    hashed = any(path[1:] in str(entry) for entry in json.loads(FILES[".vite/manifest.json"]).values())
    kept = "public, max-age=31536000, immutable" if hashed else "no-cache"
    assert answer.headers["cache-control"] == kept
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    # A file on its own may do nothing.
    assert answer.headers["content-security-policy"] == SECURITY_HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("br;q=1", "br"),
        ("br;q=0", None),
        ("br;q=0.000, gzip", None),
        ("gzip, deflate", None),
        ("brotli", None),
        ("x-br", None),
        ("", None),
    ],
)
async def test_a_packed_file_goes_to_those_who_take_it(
    with_console: Edge, accept: str, encoding: str | None
) -> None:
    for path, content in (("/", INDEX), ("/console/main-a1B2_3-d.js", SCRIPT)):
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
        head, _, body = (await with_console.stream(request.encode())).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        found = re.search(rb"\r\ncontent-encoding: (\w+)", head)
        assert (found and found[1].decode()) == encoding
        assert body == (packed(content) if encoding else content)
        assert b"\r\nvary: accept-encoding" in head


async def test_head_is_answered_like_get_without_content(with_console: Edge) -> None:
    for path in ("/", "/jobs/abc", "/console/main-a1B2_3-d.js", "/console/Inter-12345678.woff2"):
        whole = await get(with_console, path)
        head = await get(with_console, path, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.body))
        assert head.headers["content-type"] == whole.headers["content-type"]


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/jobs/",
        "/jobs/a/b",
        "/files/a.b",
        f"/files/{'a' * 65}",
        "/index.html",
        "/.done",
        "/.vite/manifest.json",
        "/console/.hidden.js",
        "/console/main.js.map",
        "/console/main-a1B2_3-d.js.br",
        "/console/",
        "/console",
        "/v1",
    ],
)
async def test_anything_else_is_still_the_refusal_of_the_api(with_console: Edge, path: str) -> None:
    assert error_of(await get(with_console, path))[:3] == (404, 5, "ROUTE_NOT_FOUND")


async def test_a_page_takes_no_other_method(with_console: Edge) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = await with_console.call(method, "/sign-in", token=None)
        assert error_of(answer)[:3] == (404, 5, "ROUTE_NOT_FOUND")


@pytest.mark.promise("S51")
async def test_nothing_of_a_console_loosens_an_answer_of_the_api(with_console: Edge) -> None:
    for path in ("/v1/users/me", "/v1/files/a1", "/openapi.json", "/healthz"):
        answer = await with_console.call("GET", path)
        assert answer.status == 200
        assert_safe(answer)
        loosened = ("cross-origin-opener-policy", "cross-origin-resource-policy", "permissions-policy")
        assert not [name for name in loosened if name in answer.headers]
    assert error_of(await with_console.call("GET", "/v1/users/me", token=None))[0] == 401


async def test_without_a_console_nothing_of_an_earlier_one_is_left(
    edge: Edge, built: Path, tmp_path: Path
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    settings = gateway_settings(edge.certificates, 1, edge.backend.ports)
    render(settings.model_copy(update={"console_dir": built}), tmp_path, now)
    assert (tmp_path / FOLDER / "index.html").read_bytes() == INDEX
    off = settings.model_copy(update={"console_dir": built, "console": "off"})
    for without in (off, settings):
        render(settings.model_copy(update={"console_dir": built}), tmp_path, now)
        render(without, tmp_path, now)
        assert not (tmp_path / FOLDER).exists()
        assert FOLDER not in (tmp_path / "envoy.yaml").read_text()
        assert "Set a new password" in (tmp_path / "envoy.yaml").read_text()
