"""Bodies of uploads: the file itself, or the one file of a form, whatever the pieces."""

import random
import time

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
    for form in (FORM, FORM.removeprefix(b"preamble\r\n")):
        assert b"".join(body.file(cut(form, step))) == b"a,b\r\n--edg,e\r\n"
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
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"{TYPE[:-4]}{'x' * 71}",
        'multipart/form-data; boundary="edge "',
        "multipart/form-data; boundary=[x]",
    ],
)
def test_a_form_without_a_border_is_refused(kind: str) -> None:
    with pytest.raises(FileInvalidFormat):
        body_of(kind)


def part(disposition: bytes, content: bytes, *, more: bytes = b"", padding: bytes = b"") -> bytes:
    head = b"Content-Disposition: form-data; " + disposition + b"\r\n" + more
    return b"--edge" + padding + b"\r\n" + head + b"\r\n" + content + b"\r\n"


A_FILE = part(b'name="f"; filename="a.csv"', b"a,b")
A_FIELD = part(b"name=n", b"value")
END = b"--edge--\r\n"


@pytest.mark.parametrize(
    ("form", "content"),
    [
        (A_FILE + END, b"a,b"),
        (A_FIELD * 9 + A_FILE + END, b"a,b"),
        (part(b'filename=""', b"") + END, b""),
        (part(b"filename=x", b"\r\n--edg\r\n-\r\n--\r\n") + END, b"\r\n--edg\r\n-\r\n--\r\n"),
        (part(b"filename=x", b"a", padding=b" \t ") + END, b"a"),
        (part(b"filename=x", b"a", more=b"X: " + b"y" * 8000 + b"\r\n") + END, b"a"),
        (A_FILE + END + b"x" * 100_000, b"a,b"),
        (b"x" * 100_000 + b"\r\n" + A_FILE + END, b"a,b"),
    ],
)
def test_forms_as_they_may_be(form: bytes, content: bytes) -> None:
    dice = random.Random(5)
    for step in (1, 3, 64, 100_000):
        # Empty pieces are pauses of the sender.
        pieces = [
            piece for each in cut(form, step) for piece in ([each, b""] if dice.random() < 0.2 else [each])
        ]
        assert b"".join(body_of(TYPE).file(pieces)) == content


def test_the_reader_of_the_file_learns_of_pauses() -> None:
    form = A_FIELD + A_FILE + END
    at = form.index(b"a,b") + 2
    heard = list(body_of(TYPE).file([form[:20], b"", form[20:at], b"", b"", form[at:], b""]))
    assert heard.count(b"") >= 4
    assert b"".join(heard) == b"a,b"


@pytest.mark.promise("S59")
@pytest.mark.parametrize(
    ("form", "problem"),
    [
        (A_FIELD * 10 + A_FILE + END, "more than 10 parts"),
        (A_FIELD * 100_000, "more than 10 parts"),
        (part(b"filename=x", b"a", more=b"X: " + b"y" * 8192 + b"\r\n") + END, "a head"),
        (part(b"filename=x" + b";" * 8192, b"a") + END, "a head"),
        (part(b"name=n", b"x" * 200_000) + A_FILE + END, "besides the file"),
        (b"x" * 200_000 + b"\r\n" + A_FILE + END, "besides the file"),
        (A_FILE + END + b"x" * 200_000, "besides the file"),
        (A_FILE + A_FILE + END, "more than one file"),
        (A_FIELD + END, "no file"),
        (END, "no file"),
        (A_FILE + b"--edgeway--\r\n\r\n", "malformed"),
        (part(b"filename=x", b"a", padding=b"way") + END, "malformed"),
        (part(b"filename=x", b"a", more=b"Content-Disposition: form-data\r\n") + END, "malformed"),
        (part(b"filename=x", b"a", more=b" folded: x\r\n") + END, "malformed"),
        (part(b"filename=x", b"a", more=b"no colon\r\n") + END, "malformed"),
        (b"--edge\r\n\r\nno head\r\n" + END, "malformed"),
        (A_FILE, "cut off"),
        (A_FILE + b"--edge", "cut off"),
        (A_FILE + b"--edge-", "cut off"),
        (b"", "cut off"),
    ],
)
def test_forms_as_they_may_not_be(form: bytes, problem: str) -> None:
    for step in (7, 100_000):
        with pytest.raises(FileInvalidFormat) as refused:
            list(body_of(TYPE).file(cut(form, step)))
        assert problem in refused.value.metadata["problem"]


@pytest.mark.promise("S59")
@pytest.mark.parametrize("step", [16_384, 1024 * 1024])
@pytest.mark.parametrize("filling", [b"\r\n--edg", b"\r", b"\r\n", b"-", b"\r\n--", b"\r\n--edgx", b"e"])
def test_no_filling_costs_more_than_its_length(step: int, filling: bytes) -> None:
    """Thirty megabytes that nearly are what is looked for; what is quadratic takes hours."""
    content = filling * (30_000_000 // len(filling))
    form = part(b"filename=x", content) + END
    began = time.process_time()
    assert sum(map(len, body_of(TYPE).file(cut(form, step)))) == len(content)
    assert time.process_time() - began < 5


def test_the_longest_border_is_a_border() -> None:
    edge = b"=" * 69 + b"x"
    form = A_FILE.replace(b"--edge", b"--" + edge) + b"--" + edge + b"--"
    body = body_of(f'multipart/form-data; boundary="{edge.decode()}"')
    assert b"".join(body.file(cut(form, 5))) == b"a,b"
