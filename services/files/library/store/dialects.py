"""The dialect of a parse as columns of its row, and back."""

from typing import Any

from services.files.models import ParseRow
from services.files.reading.dialect import Dialect

#: The columns of a row that its dialect is made of.
DIALECT_COLUMNS = (
    ParseRow.encoding,
    ParseRow.delimiter,
    ParseRow.line_end,
    ParseRow.byte_order_mark,
    ParseRow.quoting,
    ParseRow.separator_line,
    ParseRow.omitted_columns,
    ParseRow.encoding_guessed,
    ParseRow.skip_rows,
    ParseRow.skip_last_rows,
    ParseRow.duplicate_names,
    ParseRow.sheet,
)


def dialect_of(row: Any) -> Dialect:
    """Return the dialect in a row that has the columns of a parse."""
    return Dialect(
        row.encoding,
        row.delimiter,
        line_end=row.line_end,
        byte_order_mark=row.byte_order_mark,
        quoting=row.quoting,
        separator_line=row.separator_line,
        omitted=tuple(row.omitted_columns),
        encoding_guessed=row.encoding_guessed,
        skip_rows=row.skip_rows,
        skip_last_rows=row.skip_last_rows,
        duplicate_names=row.duplicate_names,
        sheet=row.sheet,
    )


def dialect_columns(dialect: Dialect) -> dict[str, Any]:
    """Return the values of the columns for a dialect."""
    return {
        "encoding": dialect.encoding,
        "delimiter": dialect.delimiter,
        "line_end": dialect.line_end,
        "byte_order_mark": dialect.byte_order_mark,
        "quoting": dialect.quoting,
        "separator_line": dialect.separator_line,
        "omitted_columns": list(dialect.omitted),
        "encoding_guessed": dialect.encoding_guessed,
        "skip_rows": dialect.skip_rows,
        "skip_last_rows": dialect.skip_last_rows,
        "duplicate_names": dialect.duplicate_names,
        "sheet": dialect.sheet,
    }
