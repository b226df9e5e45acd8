"""Files on the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from smelt_client.cli.printing import Output
from smelt_client.cli.uploading import bar

from tests.unit.client.conftest import Server, Smelt

pytestmark = pytest.mark.usefixtures("logged_in")


def test_a_file_goes_up_and_its_rows_are_shown(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Name,Company\nAda,Acme\n")
    file = {"name": "files/f1", "display_name": "leads.csv", "row_count": 1, "columns": [{"name": "Name"}]}
    server.says(file, 201).says(file).says({"rows": [{"number": 1, "cells": ["Ada\tA", "Acme\nInc"]}]})
    assert "files/f1" in smelt("files", "upload", "leads.csv")[1]
    assert smelt("files", "rows", "files/f1")[1] == "1\tAda\\tA\tAcme\\nInc\n"


def test_how_to_read_a_file_is_sent_as_the_server_names_it(
    server: Server, smelt: Smelt, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_bytes(b"a\tb\n1\t2\n")
    server.says({"name": "files/f1"}, 201).says({"name": "files/f1", "delimiter": ";"})
    assert smelt("files", "upload", "leads.csv", "--encoding", "cp1252", "--delimiter", "tab")[0] == 0
    code, out, _ = smelt("files", "reparse", "files/f1", "--encoding", "ISO-8859-1", "--delimiter", ";")
    assert (code, "delimiter  ;" in out) == (0, True)
    upload, reparse = server.asked
    assert dict(upload.url.params) == {
        "filename": "leads.csv",
        "encoding": "windows-1252",
        "delimiter": "\t",
    }
    assert reparse.url.path == "/v1/files/f1:reparse"
    assert json.loads(reparse.content) == {"encoding": "latin-1", "delimiter": ";"}


def test_a_sheet_is_asked_for_and_all_others_are_shown(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    (tmp_path / "leads.xlsx").write_bytes(b"PK")
    sheets = [
        {"name": "Leads", "row_count": 7},
        {"name": "Old", "row_count": 3, "hidden": True},
        {"name": "Notes"},
    ]
    said = {"name": "files/f1", "sheet": "Leads", "sheets": sheets, "encoding": "utf-8", "delimiter": ","}
    server.says(said, 201).says({**said, "sheet": "Old"})
    out = smelt("files", "upload", "leads.xlsx", "--sheet", "Leads")[1]
    assert "sheet         Leads\n" in out
    assert "other sheets  Old (3 rows, hidden), Notes (0 rows)\n" in out
    assert "delimiter" not in out
    assert "sheet         Old\n" in smelt("files", "reparse", "files/f1", "--sheet", "Old")[1]
    upload, reparse = server.asked
    assert upload.url.params["sheet"] == "Leads"
    assert json.loads(reparse.content) == {"sheet": "Old"}


def test_a_profile_is_shown_with_its_score(server: Server, smelt: Smelt) -> None:
    said = {
        "name": "files/f1/profile",
        "row_count": 4,
        "quality": {"score": 73, "band": "Good", "missing_columns_points": 13.333},
        "columns": [
            {
                "name": "E-Mail",
                "type": "EMAIL",
                "confidence": 0.9,
                "completeness": 0.75,
                "duplicate_count": 1,
                "placeholder_count": 2,
                "samples": ["a@b.co"],
            },
            {
                "name": "Notes",
                "type": "COLUMN_TYPE_UNSPECIFIED",
                "completeness": 1,
                "value_kind": "IDENTIFIER",
            },
        ],
    }
    server.says(said).says(said)
    code, out, _ = smelt("files", "profile", "files/f1")
    assert (code, server.paths()) == (0, ["GET /v1/files/f1/profile"])
    lines = out.splitlines()
    assert lines[0].split() == ["quality", "73", "(Good)"]
    assert "missing columns     -13.3" in lines
    assert lines[-2:] == [
        "E-Mail\temail\t0.9\t75%\t2\t\t1\t\ta@b.co",
        "Notes\t\t\t100%\t\t\t\tidentifier\t",
    ]
    assert json.loads(smelt("files", "profile", "files/f1", "--json")[1]) == said


def test_a_download_is_checked_against_the_file_s_digest(
    server: Server, smelt: Smelt, tmp_path: Path
) -> None:
    server.says({"name": "files/f1", "sha256": "00" * 32}).streams(b"content", content_length="7")
    code, _, err = smelt("files", "download", "files/f1", "-o", "out.csv")
    assert (code, list(tmp_path.glob("*.csv"))) == (1, [])
    assert "digest" in err


@pytest.mark.parametrize(("gone", "shown"), [(500_000, "0.5/2.0 MB"), (2_000_000, "2.0/2.0 MB")])
def test_on_a_terminal_a_bar_shows_how_much_has_gone_up(tmp_path: Path, gone: int, shown: str) -> None:
    path = tmp_path / "leads\x1b[31m.csv"
    path.write_bytes(b"x" * 2_000_000)
    screen = io.StringIO()
    out = Output(as_json=False, quiet=False)
    out.messages = Console(file=screen, force_terminal=True, width=100, markup=False)
    with bar(out, path) as sent:
        sent(gone)
    assert shown in screen.getvalue()
    assert "leads" in screen.getvalue()
    assert "\x1b[31m.csv" not in screen.getvalue()


def test_without_a_terminal_there_is_no_bar(server: Server, smelt: Smelt, tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("Name\nAda\n")
    server.says({"name": "files/f1"}, 201)
    code, _, said = smelt("files", "upload", "leads.csv")
    assert (code, said) == (0, "")


def test_a_refused_file_is_told_with_its_line_and_the_reason(
    server: Server, smelt: Smelt, tmp_path: Path
) -> None:
    (tmp_path / "leads.csv").write_text("a,b\n1,2\n3\n")
    facts = {
        "line": "3",
        "problem": "the row has more or fewer cells than the header",
        "expected": "2",
        "found": "1",
    }
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "FILE_MALFORMED",
        "metadata": facts,
    }
    server.says({"message": "File processing failed", "details": [info]}, 400)
    code, out, said = smelt("files", "upload", "leads.csv")
    assert (code, out) == (1, "")
    why = "the row has more or fewer cells than the header, line 3, expected 2, found 1"
    assert said.startswith(f"error: File processing failed: {why} (")
    assert "FILE_MALFORMED" in said
