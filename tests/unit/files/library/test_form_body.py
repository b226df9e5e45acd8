"""Bodies of uploads: the file itself, or the one file of a form, whatever the pieces."""

import pytest

from services.files.errors import FileInvalidFormat
from services.files.library.form_body import body_of

FORM = (
    b"preamble\r\n--edge\r\n"
    b'Content-Disposition: form-data; name="note"\r\n\r\nnot the file\r\n'
    b"--edge\r\nContent-Type: text/csv\r\n"
    b'content-disposition: form-data; name="f"; filename="Gr\xc3\xb6\xc3\x9fe.csv"\r\n\r\n'
    b"a,b\r\n--edg,e\r\n\r\n--edge--\r\nepilogue"
)
TYPE = "multipart/form-data; boundary=edge"


def cut(content: bytes, step: int) -> list[bytes]:
    return [content[at : at + step] for at in range(0, len(content), step)]


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
@pytest.mark.parametrize("kind", [TYPE, 'Multipart/Form-Data; charset=utf-8; boundary="edge"'])
def test_the_file_in_a_form_is_found(step: int, kind: str) -> None:
    body = body_of(kind)
    assert b"".join(body.file(cut(FORM.removeprefix(b"preamble\r\n"), step))) == b"a,b\r\n--edg,e\r\n"
    assert body.filename == "Größe.csv"


@pytest.mark.parametrize("kind", ["", "text/csv", "application/x-www-form-urlencoded", "nonsense;;;=\u00e9"])
def test_any_other_body_is_the_file(kind: str) -> None:
    body = body_of(kind)
    assert b"".join(body.file([b"a,", b"b\n"])) == b"a,b\n"
    assert body.filename == ""


TWO = (
    b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\na\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="g"; filename="b.csv"\r\n\r\nb\r\n--edge--\r\n'
)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", TWO, FORM[:-20], b"--edge\r\n" + b"X" * 10_000_000, b"--edge--\r\n"]
)
def test_a_form_without_exactly_one_whole_file_is_refused(content: bytes) -> None:
    with pytest.raises(FileInvalidFormat):
        list(body_of(TYPE).file(cut(content, 100_000)))


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", f"{TYPE[:-4]}{'x' * 500}"]
)
def test_a_form_without_a_border_is_refused(kind: str) -> None:
    with pytest.raises(FileInvalidFormat):
        body_of(kind)
