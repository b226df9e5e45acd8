"""The personal data of files: uploads, results, archives. Contents are exported decrypted."""

from services.common.privacy import PersonalTable

_OWN = "the same in every row"
_OBJECT = {
    "object_key": "where the sealed bytes are; an export contains them decrypted, in entries of their own",
    "wrapped_key": "key material",
}

TABLES = (
    # Before the files: an erasure finds parses through their files.
    PersonalTable(
        "file_parse",
        account_rows="file IN (SELECT id FROM file WHERE account = :account)",
        path="file_parses.json",
        exported=(
            "file", "version", "encoding", "delimiter", "row_count", "line_end", "byte_order_mark", "quoting",
            "separator_line", "omitted_columns", "encoding_guessed", "skip_rows", "skip_last_rows",
            "duplicate_names", "sheet", "table_bytes",
        ),
        withheld={
            "sealed_columns": "the header row, which is in the file",
            "sealed_index": "where rows begin in the file",
            "sealed_profile": "counts and samples of what is in the file",
            "sealed_sample": "a line of the file",
            "sealed_sheets": "the names of sheets, which are in the file",
            "table_key": "where the table of a sheet is, sealed; the sheet is in the file",
        },
    ),
    PersonalTable(
        "file",
        account_rows="account = :account",
        path="files.json",
        exported=("id", "display_name", "create_time", "size_bytes", "sha256", "parse", "lost_time"),
        withheld={"account": _OWN, **_OBJECT},
    ),
    PersonalTable(
        "refused_upload",
        account_rows="account = :account",
        path="refused_uploads.json",
        exported=("id", "display_name", "create_time", "size_bytes", "sha256"),
        withheld={"account": _OWN, **_OBJECT},
    ),
    PersonalTable(
        "file_retention",
        account_rows="account = :account",
        path="file_retention.json",
        exported=("days",),
        withheld={"account": _OWN},
    ),
    PersonalTable(
        "result",
        account_rows="account = :account",
        path="results.json",
        exported=(
            "job", "variant", "fence", "temporary", "row_count", "create_time", "size_bytes", "sha256",
            "lost_time",
        ),
        withheld={"account": _OWN, **_OBJECT},
    ),
    PersonalTable(
        "data_export",
        account_rows="account = :account",
        path="data_exports.json",
        exported=("name", "fence", "create_time", "size_bytes", "sha256"),
        withheld={"account": _OWN, **_OBJECT},
    ),
    PersonalTable(
        "idempotency",
        account_rows="account = :account",
        path="repeated_requests.json",
        exported=("method", "key", "resource", "create_time"),
        withheld={"account": _OWN, "digest": "a digest of the request"},
    ),
    PersonalTable(
        "doomed_object",
        not_exported="keys of objects that no row names any longer",
        not_erased="until the object is gone; it names no account",
    ),
    PersonalTable(
        "orphan_hold",
        not_exported="one row about the database itself",
        not_erased="it names no person",
    ),
)  # fmt: skip
