"""Routes of the web console: the edge answers with its files, and with one page at each of its addresses.

Nothing here changes an answer of the API: each route says its headers for itself.
"""

from collections.abc import Iterator
from pathlib import Path

from gateway.console_files import INDEX, ConsoleFile, console_files
from gateway.own_answers import shown
from gateway.parts import Config

#: What a page may do: use what lies on its own origin, and nothing else. No script and no style stands in
#: a page itself, and no text becomes markup.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SAME_ORIGIN = {"cross-origin-resource-policy": "same-origin"}
PAGE_HEADERS = {
    **SAME_ORIGIN,
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-cache",
}
FOR_A_YEAR = {"cache-control": "public, max-age=31536000, immutable"}
ASKED_EACH_TIME = {"cache-control": "no-cache"}
#: The addresses of pages; mails lead to three of them.
PAGES = (
    "/",
    "/sign-in",
    "/register",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/files",
    "/templates",
    "/library",
    "/jobs",
    "/usage",
    "/settings",
)
#: Collections with a page for each of their things, such as `/jobs/{id}`.
WITH_PAGES = ("/files", "/templates", "/library", "/jobs", "/settings")
_ONE = r"[A-Za-z0-9_-]{1,64}"
# `br;q=0` says that it is not wanted.
_TAKES_BROTLI = r"(?:.*[,\s])?br(?:\s*;\s*q=(?:1(?:\.0{0,3})?|0?\.\d*[1-9]\d*))?\s*(?:,.*)?"


def console(built: Path | None) -> Iterator[Config]:
    """Yield the routes of all files in the folder and of all pages; none without a folder."""
    if built is None:
        return
    for file in console_files(built):
        if file.address != f"/{INDEX}":
            kept = FOR_A_YEAR if file.is_hashed else ASKED_EACH_TIME
            yield from _file({"path": file.address}, file, {**SAME_ORIGIN, **kept})
            continue
        for page in PAGES:
            yield from _file({"path": page}, file, PAGE_HEADERS)
        # One pattern for each: Envoy bounds the size of a pattern.
        for collection in WITH_PAGES:
            yield from _file({"safe_regex": {"regex": f"{collection}/{_ONE}"}}, file, PAGE_HEADERS)


def _file(match: Config, file: ConsoleFile, more: dict[str, str]) -> Iterator[Config]:
    said = {"content-type": file.content_type, **more}
    if file.packed is None:
        yield shown(match, {"filename": str(file.file)}, said)
        return
    said["vary"] = "accept-encoding"
    wants = {"name": "accept-encoding", "string_match": {"safe_regex": {"regex": _TAKES_BROTLI}}}
    yield shown(match, {"filename": str(file.packed)}, {**said, "content-encoding": "br"}, wants)
    yield shown(match, {"filename": str(file.file)}, said)
