"""Tokens that are sent by mail: random, for one use within an hour; only a digest is kept."""

from datetime import timedelta
from enum import Enum

#: From when the mail is written. As long as the period in which mails are limited, so that a stranger who
#: asks for all of them leaves the owner with one that works.
LIFE = timedelta(hours=1)


class Purpose(Enum):
    """What a token is for; each account has one of each purpose at most, the last one."""

    PASSWORD_RESET = "password-reset"  # noqa: S105 -- the name of a purpose
    SIGN_IN = "sign-in"
    VERIFY_EMAIL = "verify-email"
