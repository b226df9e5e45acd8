"""The wrapped data keys of files, results and archives, for the rotation of account keys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.common.database import Transactions, transaction
from services.common.rewrap import Purpose, WrappedKey

# The kinds of objects, named as the tables that store their keys.
_FILE, _REFUSED, _RESULT, _EXPORT = "file", "refused_upload", "result", "data_export"
_OUTDATED = text("""
SELECT * FROM (
    SELECT 'file' AS kind, 'files/' || id AS object, CAST(1 AS bigint) AS generation, '' AS variant,
        wrapped_key
    FROM file WHERE account = :account
    UNION ALL
    SELECT 'refused_upload', 'files/' || id, 1, '', wrapped_key FROM refused_upload WHERE account = :account
    UNION ALL
    SELECT 'result', job, fence, variant, wrapped_key FROM result WHERE account = :account
    UNION ALL
    SELECT 'data_export', name, fence, '', wrapped_key FROM data_export WHERE account = :account
) AS k
WHERE substring(wrapped_key FOR :length) <> :prefix
    AND (kind, object, variant) > (:kind, :object, :variant)
ORDER BY kind, object, variant LIMIT :most
""")
_REPLACE = {
    _FILE: text("""
UPDATE file SET wrapped_key = :new
WHERE account = :account AND id = substr(:object, 7) AND wrapped_key = :old
"""),
    _REFUSED: text("""
UPDATE refused_upload SET wrapped_key = :new
WHERE account = :account AND id = substr(:object, 7) AND wrapped_key = :old
"""),
    _RESULT: text("""
UPDATE result SET wrapped_key = :new
WHERE account = :account AND job = :object AND variant = :variant AND wrapped_key = :old
"""),
    _EXPORT: text("""
UPDATE data_export SET wrapped_key = :new
WHERE account = :account AND name = :object AND wrapped_key = :old
"""),
}
_PURPOSES = {
    _FILE: Purpose.FILE,
    _REFUSED: Purpose.FILE,
    _RESULT: Purpose.RESULT,
    _EXPORT: Purpose.EXPORT,
}
#: The tables with wrapped keys.
TABLES = tuple(_PURPOSES)


class WrappedKeyStore:
    """Finds and replaces wrapped keys in all tables that have them."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        kind, variant = after.row_key if after else ("", "")
        values: dict[str, Any] = {
            "account": account,
            "prefix": prefix,
            "length": len(prefix),
            "kind": kind,
            "object": after.object if after else "",
            "variant": variant,
            "most": most,
        }
        async with transaction(self._transactions) as session:
            return [
                WrappedKey(
                    _PURPOSES[row.kind], row.object, row.generation, (row.kind, row.variant), row.wrapped_key
                )
                for row in await session.execute(_OUTDATED, values)
            ]

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        kind, variant = old.row_key
        values = {"account": account, "object": old.object, "old": old.wrapped, "new": new}
        if kind == _RESULT:
            values["variant"] = variant
        async with transaction(self._transactions) as session:
            await session.execute(_REPLACE[kind], values)
