"""Names of files: nothing in them can mislead a reader or break a header."""

import pytest

from services.files.library.display_name import content_disposition, display_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("leads.csv", "leads.csv"),
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\ada\\leads.csv", "leads.csv"),
        ('le"a\r\nds.csv', 'le"ads.csv'),
        ("\u202egnp.csv", "gnp.csv"),
        ("a\x00\x1b[31mb\x85\u2028.csv", "a[31mb.csv"),
        ("Gro\u0308ße.csv", "Größe.csv"),
        ("👩\u200d💻.csv", "👩\u200d💻.csv"),
        (" . .hidden. ", "hidden"),
        ("x" * 300, "x" * 255),
        ("", "upload.csv"),
        ("///", "upload.csv"),
        ("\u202e\n", "upload.csv"),
        ("\ud800.csv", "csv"),
    ],
)
def test_a_name_is_made_safe_to_show(given: str, shown: str) -> None:
    assert display_name(given) == shown


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("leads.csv", "attachment; filename=\"leads.csv\"; filename*=UTF-8''leads.csv"),
        ('a"b%20;.csv', "attachment; filename=\"a_b_20;.csv\"; filename*=UTF-8''a%22b%2520%3B.csv"),
        ("Größe €.csv", "attachment; filename=\"Gr__e _.csv\"; "
         "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%E2%82%AC.csv"),
    ],
)  # fmt: skip
def test_a_download_is_saved_under_its_name(name: str, header: str) -> None:
    assert content_disposition(name) == header
    assert content_disposition(name).isascii()
