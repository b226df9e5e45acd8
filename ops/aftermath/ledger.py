"""The accounts that a copy of the vault's erasure ledger names.

The copy's codes are not checked: that needs a key of the vault, which checks them at its own replay. A line
too many buries an account too many, and a person who can write the copy can do worse.
"""

import json
from pathlib import Path

from ops.errors import OpsError


def erased_accounts(ledger: Path | None) -> list[str]:
    """Return the accounts; none without a ledger. Raises OpsError for a copy that is no ledger."""
    if ledger is None:
        return []
    found: dict[str, None] = {}
    lines = ledger.read_bytes().split(b"\n")
    # What follows the last line break was never confirmed.
    for number, line in enumerate(lines[:-1], start=1):
        try:
            entry = json.loads(line)
            if entry["kind"] == "account":
                found[str(entry["account"])] = None
        except (ValueError, TypeError, KeyError):
            raise OpsError(f"Line {number} of {ledger} is no entry of an erasure ledger") from None
    return list(found)
