"""Tables written in every dialect, with notes around them, come back cell for cell."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from services.files.reading.dialect import LINE_ENDS, RequestedFormat
from services.files.reading.reader import Limits, parse, rows

LIMITS = Limits(max_columns=100, max_rows=50_000, max_field_bytes=131_072, max_row_bytes=1 << 20)


def cut(content: bytes, step: int) -> Iterator[bytes]:
    return (content[at : at + step] for at in range(0, len(content), step))


CELL = st.text(st.sampled_from("ab \"',;|\t\r\né世="), max_size=6)


def written(cell: str, delimiter: str, *, always: bool) -> str:
    if always or any(special in cell for special in (delimiter, '"', "\r", "\n")):
        return '"' + cell.replace('"', '""') + '"'
    return cell


@settings(deadline=None)
@given(
    table=st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), max_size=8)),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(list(LINE_ENDS)),
    mark=st.booleans(),
    all_quoted=st.booleans(),
    before=st.lists(st.sampled_from(["", "Report", 'an "odd, note', "a;b"]), max_size=3),
    after=st.lists(st.sampled_from(["", "Total", "x,y;z"]), max_size=3),
    told=st.booleans(),
    step=st.sampled_from([1, 3, 65_536]),
)
def test_every_dialect_is_read_back_right(
    table: list[list[str]],
    delimiter: str,
    end: str,
    mark: bool,
    all_quoted: bool,
    before: list[str],
    after: list[str],
    told: bool,
    step: int,
) -> None:
    width = len(table[0]) if table else 2
    header = [f"Name {place}" for place in range(width)]
    table = [*table, ["x"] * width]
    text = "".join(
        delimiter.join(written(cell, delimiter, always=all_quoted) for cell in row) + end
        for row in [header, *table]
    )
    # Lines before and after may hold anything, also another delimiter; only quotes in them would be read.
    after = [line for line in after if line] or ([] if not after else ["Total"])
    content = (
        (f"sep={delimiter}{end}" if told else "")
        + "".join(line + end for line in before)
        + text
        + "".join(line + end for line in after)
    )
    content_bytes = (b"\xef\xbb\xbf" if mark else b"") + content.encode()
    found = parse(
        cut(content_bytes, step),
        LIMITS,
        RequestedFormat(delimiter=delimiter, skip_rows=len(before), skip_last_rows=len(after)),
    )
    back = list(rows(cut(content_bytes[found.index[0] :], step), found.dialect))[: found.row_count]
    assert (list(found.columns), back) == (header, table)
    assert found.dialect.line_end == LINE_ENDS[end]
    assert found.dialect.byte_order_mark is mark
    assert found.dialect.separator_line is told
