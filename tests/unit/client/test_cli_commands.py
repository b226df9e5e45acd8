"""What all commands share: exit codes, output, and text that cannot control the terminal."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import httpx2
import pytest
from smelt_client.cli.printing import clean, error_line

from tests.unit.client.conftest import Server, Smelt

pytestmark = pytest.mark.usefixtures("logged_in")


def test_what_is_not_found_ends_with_3(server: Server, smelt: Smelt) -> None:
    server.refuses(404, "API_KEY_NOT_FOUND", "API key not found", x_request_id="r-1")
    code, out, err = smelt("keys", "rm", "apiKeys/k9", "--yes")
    assert (code, out, err) == (3, "", "error: API key not found (API_KEY_NOT_FOUND, r-1)\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("files", "list", "--nonsense"),
        ("nonsense",),
        ("files", "show", "../users/me"),
        ("files", "rows", "files/f1", "--first", "0"),
        ("files", "upload", "missing.csv"),
        ("files", "reparse", "files/f1", "--encoding", "utf-7"),
        ("files", "reparse", "files/f1", "--delimiter", "x"),
        ("files", "download", "files/f1", "-o", "no/such/folder/out.csv"),
        ("templates", "create", "--name", "x", "--output-column", "y"),
        ("jobs", "watch"),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_is_sent(
    server: Server, smelt: Smelt, arguments: tuple[str, ...]
) -> None:
    code, _, err = smelt(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert server.asked == []


def test_a_server_that_is_away_is_one_line(server: Server, smelt: Smelt, waits: list[float]) -> None:
    for _ in range(3):
        server.fails(httpx2.ConnectError("refused"))
    code, _, err = smelt("files", "list")
    assert (code, err) == (1, "error: cannot reach smelt.test; check that the server is running\n")


def test_quiet_says_nothing_but_errors(server: Server, smelt: Smelt) -> None:
    server.says({}).refuses(404, "FILE_NOT_FOUND", "no such file")
    assert smelt("files", "rm", "files/f1", "--yes", "--quiet") == (0, "", "")
    assert smelt("files", "rm", "files/f1", "-yq") == (3, "", "error: no such file (FILE_NOT_FOUND)\n")


def test_what_comes_from_outside_does_not_steer_the_terminal(server: Server, smelt: Smelt) -> None:
    nasty = "a\x1b]0;title\x07b\x9b31mc\u202ed\re"
    server.says({"files": [{"name": "files/f1", "display_name": nasty}]})
    server.refuses(404, "X\x1b[2J", f"gone\nerror: {nasty}", x_request_id="r")
    _, out, _ = smelt("files", "list")
    _, _, err = smelt("files", "show", "files/f1")
    for text in (out, err):
        assert not set("\x1b\x07\x9b\u202e\r") & set(text)
    assert "a\\x1b]0;title\\x07b\\x9b31mc\\u202ed\\x0de" in out
    assert err.count("\n") == 1


def test_json_is_ascii_so_that_it_steers_nothing_either(server: Server, smelt: Smelt) -> None:
    server.says({"files": [{"name": "files/f1", "display_name": "\x9b31m\u202e\x1b"}]})
    _, out, _ = smelt("files", "list", "--json")
    assert out.isascii()
    assert "\x1b" not in out


def test_people_s_writing_is_left_alone() -> None:
    for text in ("Zoë 北京 👩‍💻 می‌خواهم", "a\u00a0b"):
        assert clean(text) == text
    assert clean("a\nb\tc", lines=True) == "a\nb\tc"
    assert error_line("two\nlines", "", "r-1") == "error: two lines (r-1)"


def test_the_command_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "smelt_client", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "smelt 0.1.0\n")


def _help_pages(smelt: Smelt, *path: str) -> Iterator[tuple[str, str]]:
    _, page, _ = smelt(*path, "--help")
    yield " ".join(path), page
    _, _, commands = page.partition("Commands:\n")
    for line in commands.splitlines():
        if found := re.match(r"  ([a-z-]+)  ", line):
            yield from _help_pages(smelt, *path, found[1])


def test_every_help_page_fits_the_terminal_and_explains_each_argument(
    smelt: Smelt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pages = dict(_help_pages(smelt))
    assert {"", "run", "jobs", "jobs watch", "templates create"} <= pages.keys()
    for name, page in pages.items():
        assert max(map(len, page.splitlines())) <= 80, name
        text, _, options = page.partition("\n\nOptions:\n")
        for paragraph in text.split("\n\n")[1:]:
            lines = paragraph.splitlines()
            # A line ends early only where the next word does not fit.
            for line, following in pairwise([] if paragraph.startswith("Arguments:") else lines):
                assert len(line) + len(following.split()[0]) + 1 > 78, f"{name}: {line}"
        for option, following in pairwise([*options.partition("Commands:")[0].splitlines(), ""]):
            if option.startswith("  -"):
                explained = re.search(r"\S {2,}\S", option) or following.startswith(" " * 20)
                assert explained, f"{name}: {option} is not explained"
        # A description that does not fit is cut by the library; a range is said in words.
        commands = options.partition("Commands:\n")[2]
        assert not re.findall(r"^  \S+ .*\.\.\.$", commands, re.MULTILINE), name
        assert "x<=" not in page, name
        assert "x>=" not in page, name
        assert not re.search(r"<(str|int|float|list|path|file)\b|(?<!\{)\{[a-z_]+\}", page), name
