"""What a process that runs but does not serve waits for, as its log says: for its operator.

A vault or auth whose database was restored is not ready until somebody has replayed the erasures or settled
what had ended. Stopping it after a minute would stop the very process that must be told.
"""

import json
from collections.abc import Mapping
from pathlib import Path

#: Events by which a process says that it waits, with the sentence in `why`, and by which it no longer does.
_WAITS = ("vault.not_ready", "auth.not_ready")
_GOES_ON = ("vault.histories_agree", "restoration.agrees")


def waits_for(log: Path) -> str:
    """Return what the process waits for; empty if it waits for nobody."""
    why = ""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        if not any(f'"{event}"' in line for event in (*_WAITS, *_GOES_ON)):
            continue
        said = _event(line)
        if said.get("event") in _WAITS:
            why = str(said.get("why", ""))
        elif said.get("event") in _GOES_ON:
            why = ""
    return why


def _event(line: str) -> Mapping[str, object]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
