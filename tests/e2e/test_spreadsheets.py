"""Files as office programs and web sites write them, over HTTP and the command: read, or offered a way."""

from typing import Any

import pytest
from smelt_client.cli import main

from tests.e2e.api import Person, reason
from tests.support.stack import Stack

#: What must come of a file: column names, rows, and what the file says of how it was read.
READ: dict[str, tuple[bytes, list[str], list[list[str]], dict[str, Any]]] = {
    "sep line": (
        b"sep=;\r\nName;City\r\nAda;Bern\r\n",
        ["Name", "City"],
        [["Ada", "Bern"]],
        {"delimiter": ";", "separator_line": True},
    ),
    "unnamed empty columns": (
        b"Name,City,,\r\nAda,Bern,,\r\n",
        ["Name", "City"],
        [["Ada", "Bern"]],
        {"omitted_columns": [3, 4]},
    ),
    "CR CR LF": (
        b"Name,City\r\r\nAda,Bern\r\r\n",
        ["Name", "City"],
        [["Ada", "Bern"]],
        {"line_end": "crcrlf"},
    ),
    "two marks": (
        b"\xef\xbb\xbf\xef\xbb\xbfName\nAda\n",
        ["\ufeffName"],
        [["Ada"]],
        {"byte_order_mark": True},
    ),
    "Cyrillic": (
        "Имя,Город\r\nИрина,Тверь\r\nАнтон,Казань\r\n".encode("cp1251"),
        ["Имя", "Город"],
        [["Ирина", "Тверь"], ["Антон", "Казань"]],
        {"encoding": "windows-1251", "encoding_guessed": True, "sample_line": "Имя,Город"},
    ),
    "Japanese": (
        "会社,担当\r\n山田商店,佐藤能子\r\n".encode("cp932"),
        ["会社", "担当"],
        [["山田商店", "佐藤能子"]],
        {"encoding": "shift_jis", "encoding_guessed": True},
    ),
    "an old Mac": (
        "Name,City\r\nZoë,Orléans\r\nRené,Köln\r\n".encode("mac_roman"),
        ["Name", "City"],
        [["Zoë", "Orléans"], ["René", "Köln"]],
        {"encoding": "mac-roman", "encoding_guessed": True},
    ),
    "semicolons and a mark": (
        "\ufeffName;Ort\r\nMüller;Köln\r\n".encode(),
        ["Name", "Ort"],
        [["Müller", "Köln"]],
        {"delimiter": ";", "byte_order_mark": True, "line_end": "crlf", "encoding_guessed": False},
    ),
}
#: The option that must be offered for a file that is refused, its reason, and the rows that it gives.
OFFERED: dict[str, tuple[bytes, str, dict[str, Any], int, list[str]]] = {
    "notes above": (
        b'Notes:\n"Some, who share it, have an address."\n\nName,Email\nAda,\nBo,bo@example.com\n',
        "FILE_MALFORMED",
        {"skip_rows": 3},
        2,
        ["--skip-rows", "3"],
    ),
    "notes below": (
        b'"Name","Owner"\n"Acme","Ada"\n\n\n"A report"\n"Do not share"\n',
        "FILE_MALFORMED",
        {"skip_last_rows": 4},
        1,
        ["--skip-last-rows", "4"],
    ),
    "a total": (b"Name,Sum\nAda,1\nBo,2\nTotal\n", "FILE_MALFORMED", {"skip_last_rows": 1}, 2, []),
    "one column": (
        b"Review\nGood shop, quick\nBad, slow, never again\n",
        "FILE_MALFORMED",
        {"delimiter": "none"},
        2,
        ["--delimiter", "none"],
    ),
    "a repeated name": (
        b"Email,Email\na,b\n",
        "FILE_MALFORMED",
        {"duplicate_names": "number"},
        1,
        ["--duplicate-names", "number"],
    ),
    "one bad byte": (
        b"Name,City\nRen\xc3\xa9,Orl\xc3\xa9ans\nBo,Wien \xff\n",
        "FILE_ENCODING",
        {"encoding": "windows-1252"},
        2,
        ["--encoding", "windows-1252"],
    ),
}


@pytest.mark.parametrize("kind", READ)
def test_what_is_understood_is_read_and_said(person: Person, kind: str) -> None:
    content, columns, rows, said = READ[kind]
    file = person.file(content)
    assert [column["name"] for column in file["columns"]] == columns
    read = person.ok("GET", f"/v1/{file['name']}/rows")["rows"]
    assert [row["cells"] for row in read] == rows
    assert {name: file.get(name) for name in said} == said


@pytest.mark.parametrize("kind", OFFERED)
def test_what_is_refused_is_offered_a_way(person: Person, kind: str) -> None:
    content, expected, option, rows, _ = OFFERED[kind]
    answer = person.upload(content)
    assert (answer.status_code, reason(answer)) == (400, expected)
    (told,) = (each for each in answer.json()["details"] if each["@type"].endswith("RefusedFile"))
    offer = told["offers"][0]
    assert (offer["row_count"], {name: offer[name] for name in option}) == (rows, option)
    file = person.ok("POST", f"/v1/{told['name']}:reparse", option)
    assert (file["name"], file["row_count"]) == (told["name"], rows)


def test_the_command_prints_the_command_that_would_read_it(
    person: Person,
    stack: Stack,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SMELT_URL", stack.gateway_url)
    monkeypatch.setenv("SMELT_TOKEN", person.token)
    monkeypatch.setenv("SMELT_CA_FILE", str(stack.ca_file))
    for content, expected, _, _, options in OFFERED.values():
        path = tmp_path / "leads.csv"
        path.write_bytes(content)
        assert main(["files", "upload", str(path)]) == 1
        said = capsys.readouterr().err
        assert expected in said
        assert "smelt files reparse files/" in said
        if options:
            assert f" {' '.join(options)}" in said
            assert main(["files", "upload", str(path), *options]) == 0
    for content, _, _, said_of_file in READ.values():
        path.write_bytes(content)
        assert main(["files", "upload", str(path)]) == 0
        assert ("is a guess" in capsys.readouterr().err) is said_of_file.get("encoding_guessed", False)
