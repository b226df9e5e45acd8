"""How to report a vulnerability, in the format of RFC 9116."""

import datetime

# The RFC advises less than a year.
LIFE = datetime.timedelta(days=364)


def security_txt(contact: str, now: datetime.datetime, *, policy: str = "") -> str:
    """The document. `policy` is the address of a page that says how reports are handled."""
    expires = (now + LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f"Contact: {contact}", f"Expires: {expires}", "Preferred-Languages: en"]
    if policy:
        lines.append(f"Policy: {policy}")
    return "\n".join(lines) + "\n"
