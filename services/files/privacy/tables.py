"""What files holds of people: uploads, results, archives; contents are handed out opened."""

from services.common.privacy import Held

_OWN = "the same in every row"
_OBJECT = {
    "object_key": "where the sealed bytes are; they are handed out opened, beside this",
    "wrapped_key": "key material",
}

HELD = (
    # Before their files, by which they are found.
    Held(
        "file_parse",
        owned="file IN (SELECT id FROM file WHERE account = :account)",
        path="file_parses.json",
        exported=("file", "version", "encoding", "delimiter", "row_count"),
        withheld={
            "sealed_columns": "the header row, which is in the file",
            "sealed_index": "where rows begin in the file",
            "sealed_profile": "counts and samples of what is in the file",
        },
    ),
    Held(
        "file",
        owned="account = :account",
        path="files.json",
        exported=("id", "display_name", "create_time", "size_bytes", "sha256", "parse"),
        withheld={"account": _OWN, **_OBJECT},
    ),
    Held(
        "file_retention",
        owned="account = :account",
        path="file_retention.json",
        exported=("days",),
        withheld={"account": _OWN},
    ),
    Held(
        "result",
        owned="account = :account",
        path="results.json",
        exported=(
            "job", "variant", "fence", "temporary", "row_count", "create_time", "size_bytes", "sha256"
        ),
        withheld={"account": _OWN, **_OBJECT},
    ),
    Held(
        "data_export",
        owned="account = :account",
        path="data_exports.json",
        exported=("name", "fence", "create_time", "size_bytes", "sha256"),
        withheld={"account": _OWN, **_OBJECT},
    ),
    Held(
        "idempotency",
        owned="account = :account",
        path="repeated_requests.json",
        exported=("method", "key", "resource", "create_time"),
        withheld={"account": _OWN, "digest": "a code over what was asked"},
    ),
    Held(
        "doomed_object",
        not_exported="names of objects that nothing names any more",
        kept="until the object is gone; it names no account",
    ),
)  # fmt: skip
