"""How to report a weakness, in the form of RFC 9116."""

import datetime

POLICY = "https://www.rfc-editor.org/rfc/rfc9116"
LIFE = datetime.timedelta(days=364)


def security_txt(contact: str, now: datetime.datetime) -> str:
    """The document, good for a little less than the year that the RFC advises at most."""
    expires = (now + LIFE).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return f"Contact: {contact}\nExpires: {expires}\nPreferred-Languages: en\n"
