"""What a mail says about access that has ended: a line for each kind, with what its reader can do next."""

from collections.abc import Mapping

_HERE = {
    "sessions": "Sessions ended: {}",
    "devices": "Remembered devices forgotten: {}",
    "access_tokens": "Access tokens ended: {}",
}
_ELSEWHERE = {
    "webhooks": "Webhooks off until you confirm them (`smelt webhooks confirm`): {}",
    "jobs": "Jobs paused until you resume them (`smelt jobs resume`): {}",
    "api_keys": "API keys not used until you activate one (`smelt keys activate`): {}",
}
_PENDING = """\
  Webhooks are being switched off until you confirm them, running jobs are being paused, and no API key stays
  active: see `smelt webhooks list`, `smelt jobs list` and `smelt keys list`."""
_NO_PASSWORD = "  The earlier password no longer works. To set a new one, run `smelt password reset`."  # noqa: S105
_TOKENS_KEPT = "  Access tokens keep working. To end one, run `smelt tokens revoke`."
_LOOK = """\
Templates, variables, files and settings are as they were. If somebody else may have had access, look through
them before you use them."""


def ended_lines(facts: Mapping[str, str]) -> str:
    """Return the lines for the facts of a mail.

    `tokens` is `kept` or `ended` when the owner knew the password and chose; other services are not asked
    then.
    """
    if "sessions" not in facts:
        # Queued by an older version, which did not count.
        return "All other sessions were ended."
    lines = [f"  {text.format(facts.get(name, '0'))}" for name, text in _HERE.items()]
    chosen = facts.get("tokens")
    if chosen == "kept":
        lines[-1] = _TOKENS_KEPT
    if chosen:
        return "\n".join(lines)
    if facts.get("password"):
        lines.append(_NO_PASSWORD)
    known = [f"  {text.format(facts[name])}" for name, text in _ELSEWHERE.items() if name in facts]
    return "\n".join([*lines, *(known or [_PENDING]), "", _LOOK])
