"""A file that cannot be read as it is: a question at a terminal, a command elsewhere; guesses are shown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import smelt_client
from smelt_client.cli import main
from smelt_client.cli.parse_options import command_of, encoding_of
from smelt_client.models import Offer, parse

from tests.unit.client.conftest import TOKEN, URL, Server, Smelt

pytestmark = pytest.mark.usefixtures("logged_in", "leads")

FILE = {"name": "files/r1", "row_count": 2, "encoding": "utf-8", "columns": [{"name": "Name"}]}
NOTES = {
    "skip_rows": 3,
    "row_count": 2,
    "column_count": 7,
    "columns": ["First Name", "Last Name"],
    "sample": ["Ada", "Stone"],
}
NUMBERED = {"duplicate_names": "number", "row_count": 1, "column_count": 2, "columns": ["a", "a (2)"]}
GUESSED = {
    "name": "files/g1",
    "encoding": "windows-1251",
    "encoding_guessed": True,
    "sample_line": "Анна;Пермь",
}


class Terminal(io.StringIO):
    """What a person types, line by line."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def leads(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Notes:\n\nName\n")


@pytest.fixture
def typed(smelt: Smelt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Smelt:
    """A function that runs the command at a terminal: `typed(..., stdin="what is typed")`."""
    monkeypatch.setattr("smelt_client.cli.asking.at_a_terminal", lambda: True)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal(stdin))
        code = main(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def refuse(server: Server, *offers: dict[str, Any]) -> None:
    """Make the next answer the refusal of a file, with offers."""
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "FILE_MALFORMED",
        "domain": "smelt",
        "metadata": {"line": "4", "problem": "the row has more or fewer cells than the header"},
    }
    told = {
        "@type": "type.googleapis.com/smelt.files.v1.RefusedFile",
        "name": "files/r1",
        "expire_time": "2026-01-01T10:00:00Z",
        "offers": list(offers),
    }
    server.says({"code": 3, "message": "File processing failed", "details": [info, told]}, 400)


def test_at_a_terminal_one_question_makes_a_file_of_it(server: Server, typed: Smelt) -> None:
    refuse(server, NOTES)
    server.says(FILE)
    code, out, err = typed("files", "upload", "leads.csv", stdin="y\n")
    assert code == 0
    assert "line 4: the row has more or fewer cells than the header." in err
    assert "skip the first 3 lines before the header. That gives 2 rows, 7 columns:" in err
    assert "   First Name | Last Name | ...\n   Ada | Stone | ...\n" in err
    assert server.paths()[1] == "POST /v1/files/r1:reparse"
    assert server.body() == {"skip_rows": 3}
    assert "files/r1" in out


def test_a_no_leaves_it_refused(server: Server, typed: Smelt) -> None:
    refuse(server, NOTES)
    code, out, err = typed("files", "upload", "leads.csv", stdin="n\n")
    assert (code, out.strip(), len(server.asked)) == (1, "", 1)
    assert "FILE_MALFORMED" in err


def test_one_of_several_ways_is_chosen_by_its_number(server: Server, typed: Smelt) -> None:
    refuse(server, NOTES, NUMBERED)
    server.says(FILE)
    assert typed("files", "upload", "leads.csv", stdin="7\n2\n")[0] == 0
    assert server.body() == {"duplicate_names": "number"}


def test_without_a_terminal_the_command_is_printed(server: Server, smelt: Smelt) -> None:
    refuse(server, NOTES, NUMBERED)
    code, out, err = smelt("files", "upload", "leads.csv", "--quiet")
    assert (code, out, len(server.asked)) == (1, "", 1)
    lines = err.splitlines()
    assert lines[0].endswith("(2 rows, 7 columns): smelt files reparse files/r1 --skip-rows 3")
    assert lines[1].endswith("(1 row, 2 columns): smelt files reparse files/r1 --duplicate-names number")
    assert lines[2].startswith("error: File processing failed")


def test_a_run_asks_about_a_file_too_and_goes_on_with_it(
    server: Server, typed: Smelt, smelt: Smelt, tmp_path: Path
) -> None:
    sheet = {"sheet": "Leads", "row_count": 9, "column_count": 1, "columns": ["Name"]}
    refuse(server, NOTES, sheet)
    server.says(FILE).says({"row_count": 2})
    code, _, err = typed("estimate", "leads.csv", "-t", "templates/t1", stdin="2\n")
    assert (code, server.body(1)) == (0, {"sheet": "Leads"})
    assert "2. read the sheet Leads. That gives 9 rows, 1 column:" in err
    assert server.body(2)["file"] == "files/r1"


def test_without_a_terminal_a_run_says_what_to_do_first(server: Server, smelt: Smelt) -> None:
    refuse(server, NOTES)
    code, _, err = smelt("run", "leads.csv", "-t", "templates/t1", "-o", "out.csv", "--file-delimiter", ";")
    assert (code, dict(server.asked[0].url.params)["delimiter"]) == (1, ";")
    assert err.splitlines()[-2] == "Then give the same command files/r1 instead of leads.csv"
    assert len(server.asked) == 1
    code, _, err = smelt("run", "files/f1", "-t", "templates/t1", "-o", "out.csv", "--sheet", "Leads")
    assert (code, len(server.asked)) == (2, 1)
    assert "smelt files reparse files/f1" in err


def test_a_guess_is_shown_and_asked_about(server: Server, typed: Smelt) -> None:
    right = {"name": "files/g1", "encoding": "koi8-r", "columns": [{"name": "Имя"}]}
    server.says(GUESSED, 201).says(right)
    code, out, err = typed("files", "upload", "leads.csv", "--skip-rows", "1", stdin="n\nkoi8-r\n")
    assert code == 0
    assert "  Анна;Пермь\n" in err
    assert server.body() == {"skip_rows": 1, "encoding": "koi8-r"}
    assert "koi8-r" in out
    assert "a guess" not in out


def test_without_a_terminal_a_guess_is_told(server: Server, smelt: Smelt) -> None:
    server.says(GUESSED, 201)
    code, out, err = smelt("files", "upload", "leads.csv")
    assert code == 0
    assert "The encoding is a guess, windows-1251" in err
    assert "smelt files reparse files/g1 --encoding NAME" in err
    assert "windows-1251, a guess" in out
    assert "Анна;Пермь" in out


def test_every_option_is_sent(server: Server, smelt: Smelt) -> None:
    server.says(FILE, 201)
    options = [
        "--skip-rows",
        "2",
        "--skip-last-rows",
        "1",
        "--duplicate-names",
        "number",
        "--delimiter",
        "none",
    ]
    assert smelt("files", "upload", "leads.csv", *options, "--encoding", "Shift-JIS")[0] == 0
    assert dict(server.asked[0].url.params) == {
        "filename": "leads.csv",
        "skip_rows": "2",
        "skip_last_rows": "1",
        "duplicate_names": "number",
        "delimiter": "none",
        "encoding": "shift_jis",
    }
    assert smelt("files", "upload", "leads.csv", "--duplicate-names", "drop")[0] == 2


def test_commands_of_offers_can_be_pasted() -> None:
    offer = parse(Offer, {"delimiter": "\t", "encoding": "big5", "skip_last_rows": 2})
    assert command_of("files/1", offer) == (
        "smelt files reparse files/1 --encoding big5 --delimiter tab --skip-last-rows 2"
    )
    assert command_of("files/1", parse(Offer, {})) == "smelt files reparse files/1"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("cp1250", "windows-1250"),
        ("Windows-1251", "windows-1251"),
        ("macintosh", "mac-roman"),
        ("mac-roman", "mac-roman"),
        ("KOI8-R", "koi8-r"),
        ("sjis", "shift_jis"),
        ("cp932", "shift_jis"),
        ("GBK", "gb18030"),
        ("Big5", "big5"),
        ("euc-kr", "euc-kr"),
        ("cp949", "euc-kr"),
    ],
)
def test_encodings_are_known_by_their_usual_names(said: str, meant: str) -> None:
    assert encoding_of(said) == meant


def test_the_sdk_tells_how_a_file_can_be_read(server: Server, tmp_path: Path) -> None:
    client, path = smelt_client.Client(URL, TOKEN, transport=server.transport), tmp_path / "leads.csv"
    refuse(server, NOTES)
    with pytest.raises(smelt_client.InvalidRequest) as caught:
        client.files.upload(path)
    refused = smelt_client.refused_file(caught.value)
    assert refused is not None
    assert (refused.name, refused.offers[0].options) == ("files/r1", {"skip_rows": 3})
    server.refuses(400, "FILE_TOO_MANY_ROWS")
    with pytest.raises(smelt_client.InvalidRequest) as caught:
        client.files.upload(path)
    assert smelt_client.refused_file(caught.value) is None
