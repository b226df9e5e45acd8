"""Tokens that are sent by mail: random, for one use within an hour; only digests are stored."""

from datetime import timedelta
from enum import Enum

#: Counted from when the mail is written. As long as the mail limit's period, so that even when a stranger
#: uses up every request, the owner's latest link still works. Longer, and old mails in a mailbox stay
#: dangerous.
LIFE = timedelta(hours=1)


class Purpose(Enum):
    """What a token is for. An account has at most one token per purpose, the newest."""

    PASSWORD_RESET = "password-reset"  # noqa: S105 -- the name of a purpose
    SIGN_IN = "sign-in"
    VERIFY_EMAIL = "verify-email"
