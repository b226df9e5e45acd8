"""Header values with parameters: read as they are meant, and in linear time whatever they are."""

import time

import pytest

from services.files.library.header_value import read_header, text_parameter


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        (b"text/csv", b"text/csv", {}),
        (b" Text/CSV ; Charset=UTF-8", b"text/csv", {b"charset": b"UTF-8"}),
        (b'a; x="1;2"; y=3', b"a", {b"x": b"1;2", b"y": b"3"}),
        (b'a; x="say \\"hi\\" \\\\"', b"a", {b"x": b'say "hi" \\'}),
        (b"a;;; x=1;", b"a", {b"x": b"1"}),
        (b"a; x = 1 ; y\t=\t2", b"a", {b"x": b"1", b"y": b"2"}),
        (b"a; x=1; X=2", b"a", {b"x": b"1"}),
        (b"a; x=", b"a", {b"x": b""}),
        (b'a; x="open', b"a", {b"x": b""}),
        (b"a; x; y=1", b"a", {}),
        (b"", b"", {}),
        (b";", b"", {}),
    ],
)
def test_a_value_is_read_with_its_parameters(
    value: bytes, kind: bytes, parameters: dict[bytes, bytes]
) -> None:
    assert read_header(value) == (kind, parameters)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"a; filename=plain.csv", "plain.csv"),
        ('a; filename="Größe.csv"'.encode(), "Größe.csv"),
        (b"a; filename=x; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv", "Größe.csv"),
        (b"a; filename*=iso-8859-1'de'Gr%F6%DFe.csv", "Größe.csv"),
        (b"a; filename=kept; filename*=unknown-1''x", "kept"),
        (b"a; filename=kept; filename*=broken", "kept"),
        (b'a; filename="\xff"', "\ufffd"),
        (b"a; name=x", None),
    ],
)
def test_a_name_is_read_in_its_encoding(value: bytes, name: str | None) -> None:
    assert text_parameter(read_header(value)[1], b"filename") == name


@pytest.mark.promise("S59")
@pytest.mark.parametrize(
    "value",
    [
        b"a" + b";" * 4_000_000,
        b"a" + b"; x=y" * 1_000_000,
        b"a" + b"; " * 2_000_000,
        b"a; " + b"x" * 4_000_000,
        b"a;" + b" " * 4_000_000 + b"x",
        b'a; x="' + b"\\" * 4_000_001,
        b'a; x="' + b'\\"' * 2_000_000,
        b'a; x="' + b"y" * 4_000_000,
        b"a; x" + b" " * 4_000_000 + b"y=1",
        b"a; x=" + b" " * 4_000_000 + b'"',
        b"=" * 4_000_000,
    ],
    ids=lambda value: repr(value[:12]),
)
def test_reading_takes_a_time_that_grows_with_the_length_alone(value: bytes) -> None:
    """Four megabytes, five hundred times what a head may have: what is quadratic takes hours."""
    began = time.process_time()
    read_header(value)
    assert time.process_time() - began < 5
