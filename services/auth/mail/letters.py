"""The mails that people get, and what they say: plain text, with at most a link, and no other secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from services.auth.mail.ended_lines import ended_lines
from services.auth.mail.mailed_tokens import Purpose

_LONGEST_FACT = 200


class MailKind(Enum):
    """What a mail is about. Some contain a link with a token, which is made when the mail is written."""

    PASSWORD_RESET = "password-reset"  # noqa: S105 -- the name of a mail
    SIGN_IN_LINK = "sign-in-link"
    REGISTRATION = "registration"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 -- the name of a mail
    ACCESS_TOKEN_CREATED = "access-token-created"  # noqa: S105 -- the name of a mail
    ACCOUNT_DELETED = "account-deleted"
    #: Earlier access has ended because the address was proved for the first time.
    ACCESS_ENDED = "access-ended"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to be sent; `recipient` is a normalised address.

    `facts` fill in the text of its kind, such as the `name` of an access token. They are stored until the
    mail is sent, so they must not contain secrets. Each is put on one line and cut to 200 characters.
    """

    kind: MailKind
    recipient: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in its final form."""

    recipient: str
    subject: str
    body: str = field(repr=False)


#: The purpose of the token in a kind's link.
PURPOSES = {
    MailKind.PASSWORD_RESET: Purpose.PASSWORD_RESET,
    MailKind.SIGN_IN_LINK: Purpose.SIGN_IN,
    MailKind.REGISTRATION: Purpose.VERIFY_EMAIL,
}
#: Where links lead. The token is in the fragment, which browsers do not send to any server.
LINKS = {
    Purpose.PASSWORD_RESET: "/reset-password#token=",
    Purpose.SIGN_IN: "/sign-in#token=",
    Purpose.VERIFY_EMAIL: "/verify-email#token=",
}
_ONCE = "The link works once, within one hour, and only until a newer one is requested."
_NOT_YOU = "If this was not you, ignore this mail: nobody can use the link without it."
_SUBJECTS = {
    MailKind.PASSWORD_RESET: "Set a new Smelt password",
    MailKind.SIGN_IN_LINK: "Sign in to Smelt",
    MailKind.REGISTRATION: "Confirm your e-mail address for Smelt",
    MailKind.PASSWORD_CHANGED: "Your Smelt password was changed",
    MailKind.ACCESS_TOKEN_CREATED: "A new access token for your Smelt account",
    MailKind.ACCOUNT_DELETED: "Your Smelt account was deleted",
    MailKind.ACCESS_ENDED: "Earlier access to your Smelt account has ended",
}
_TEXTS = {
    MailKind.PASSWORD_RESET: f"""\
Someone asked to reset the password of the Smelt account with this address.

To set a new password, open

{{link}}

or run `smelt password reset` and enter this token when asked:

{{token}}

{_ONCE}
{_NOT_YOU}
""",
    MailKind.SIGN_IN_LINK: f"""\
Someone asked for a link that signs in to the Smelt account with this address.

To sign in, open

{{link}}

or run `smelt login --link` and enter this token when asked:

{{token}}

{_ONCE}
{_NOT_YOU}
""",
    MailKind.REGISTRATION: f"""\
Someone registered this address with Smelt.

To confirm that it was you, open

{{link}}

or run `smelt verify-email` and enter this token when asked:

{{token}}

{_ONCE}
If this was not you, do not confirm it: somebody else chose the password, and could then use the account in
your name. Nobody can use it before it is confirmed.
""",
    MailKind.PASSWORD_CHANGED: """\
The password of your Smelt account was just {how}.

{ended}

If this was not you, set a new password at once: run `smelt password reset`, or open

{home}
""",
    MailKind.ACCESS_ENDED: """\
Someone signed in to the Smelt account with this address by a link that was sent to it. No link had been used
before, so somebody else may have registered the address. Everything that dates from before has ended:

{ended}

If this was not you, set a new password at once: run `smelt password reset`, or open

{home}
""",
    MailKind.ACCESS_TOKEN_CREATED: """\
A new access token was just created for your Smelt account: {name}

If this was not you, sign in, delete the token, and change your password:

{home}
""",
    MailKind.ACCOUNT_DELETED: """\
Your Smelt account was deleted, as requested with its password.
Its files, results and API keys can no longer be read by anyone. You will get no more mail from this account.
""",
}
#: The mail for a registration whose address already has an account.
_HAS_ACCOUNT = (
    "Your Smelt account",
    """\
Someone tried to register this address with Smelt, but it already has an account.

If this was you, sign in with your existing password, or set a new one: run `smelt password reset`, or open

{home}

If this was not you, ignore this mail.
""",
)


def write(mail: Mail, *, token: str, public_url: str) -> Letter:
    """Return the mail's text. Links lead to `public_url`, never to a host that a request has named."""
    subject, text = _SUBJECTS[mail.kind], _TEXTS[mail.kind]
    if mail.kind is MailKind.REGISTRATION and not token:
        subject, text = _HAS_ACCOUNT
    purpose = PURPOSES.get(mail.kind)
    link = f"{public_url}{LINKS[purpose]}{token}" if purpose else ""
    facts = {name: _one_line(fact) for name, fact in mail.facts.items()}
    body = text.format(**facts, ended=ended_lines(facts), link=link, token=token, home=f"{public_url}/")
    return Letter(mail.recipient, subject, body)


def _one_line(fact: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in fact)
    return printable[:_LONGEST_FACT]
