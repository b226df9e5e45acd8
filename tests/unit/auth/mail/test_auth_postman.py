"""Mails: sent once written, again when they fail, not for ever; links and headers that nobody can bend."""

from collections.abc import Sequence

import pytest

from services.auth.due.work import Claim, DueWork
from services.auth.mail.letters import Letter, Mail, MailKind, write
from services.auth.mail.mailed_tokens import Purpose
from services.auth.mail.postman import MOST_TRIES, NotDelivered, Postman, Undeliverable, mailing
from services.auth.mail.senders import message
from services.auth.opaque_tokens import NewToken, digest_of, make

URL = "https://smelt.example.com"


class World:
    """An outbox, accounts and a mail server in memory."""

    def __init__(self, *mails: Mail, accounts: Sequence[str] = (), fails: Exception | None = None) -> None:
        self.waiting = list(mails)
        self.accounts = accounts
        self.fails = fails
        self.tries = 0
        self.put_off: list[float] = []
        self.removed = 0
        self.sent: list[Letter] = []
        self.digests: list[bytes] = []

    async def claim(self, seconds: float) -> Claim | None:
        if not self.waiting:
            return None
        self.tries += 1
        return Claim("m1", self.tries, self.tries)

    async def hold(self, claim: Claim, seconds: float) -> bool:
        self.put_off.append(seconds)
        return True

    async def get(self, claim: Claim) -> Mail | None:
        return self.waiting[0] if self.waiting else None

    async def remove(self, claim: Claim) -> None:
        self.waiting.pop(0)
        self.removed += 1

    async def issue(self, email: str, purpose: Purpose, token: NewToken) -> bool:
        self.digests.append(token.digest)
        return email in self.accounts

    async def send(self, letter: Letter) -> None:
        if self.fails:
            raise self.fails
        self.sent.append(letter)

    def postman(self) -> DueWork:
        postman = Postman(self, self, tokens=self, random=lambda count: b"\x07" * count, public_url=URL)
        return mailing(postman, self, claim_seconds=30)


@pytest.mark.promise("S27")
async def test_a_link_has_a_token_that_is_kept_as_a_digest_and_the_host_of_the_settings() -> None:
    world = World(Mail(MailKind.PASSWORD_RESET, "ada@example.com"), accounts=["ada@example.com"])
    assert await world.postman().once()
    (letter,) = world.sent
    token = make(lambda count: b"\x07" * count)
    assert f"{URL}/reset-password#token={token.text}\n" in letter.body
    assert world.digests == [token.digest] == [digest_of(token.text)]
    assert token.text not in repr(letter)
    assert not await world.postman().once()


@pytest.mark.promise("S24")
async def test_without_an_account_nothing_is_sent_and_nothing_waits() -> None:
    world = World(Mail(MailKind.PASSWORD_RESET, "nobody@example.com"))
    assert await world.postman().once()
    assert (world.sent, world.removed) == ([], 1)


async def test_what_fails_is_tried_again_and_given_up_in_the_end() -> None:
    mail = Mail(MailKind.ACCOUNT_DELETED, "ada@example.com")
    world = World(mail, fails=NotDelivered())
    for _ in range(MOST_TRIES):
        assert world.removed == 0
        await world.postman().once()
    assert world.removed == 1
    assert [seconds / 60 for seconds in world.put_off] == [1, 2, 4, 8, 16, 32, 64, 128]


async def test_what_can_never_be_delivered_or_written_does_not_stop_the_others() -> None:
    refused = World(Mail(MailKind.ACCOUNT_DELETED, "ada@example.com"), fails=Undeliverable())
    await refused.postman().once()
    assert refused.removed == 1
    # The fact that its text asks for is missing.
    broken = World(
        Mail(MailKind.ACCESS_TOKEN_CREATED, "ada@example.com"), Mail(MailKind.ACCOUNT_DELETED, "b@c.de")
    )
    await broken.postman().once()
    await broken.postman().once()
    assert [letter.recipient for letter in broken.sent] == ["b@c.de"]


@pytest.mark.promise("S27")
def test_what_comes_from_outside_bends_no_text() -> None:
    facts = {"name": "x\r\nBcc: eve@example.com\r\n\r\n{link} https://evil.example" + "y" * 500}
    letter = write(Mail(MailKind.ACCESS_TOKEN_CREATED, "ada@example.com", facts), token="", public_url=URL)
    (line,) = [line for line in letter.body.splitlines() if "Bcc" in line]
    assert "{link}" in line
    assert len(line) < 300
    made = message(letter, "Smelt <smelt@example.com>")
    assert made["Bcc"] is None
    assert made["To"] == "ada@example.com"
    assert made.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "recipient", ["ada\r\nBcc: eve@example.com", "ada@example.com\r\nBcc: eve@example.com"]
)
def test_a_line_end_in_an_address_makes_no_header(recipient: str) -> None:
    with pytest.raises(ValueError):
        message(Letter(recipient, "Subject", "Body\n"), "smelt@example.com")


def test_every_kind_of_mail_can_be_written() -> None:
    facts = {"how": "changed", "name": "ci"}
    for kind in MailKind:
        letter = write(Mail(kind, "ada@example.com", facts), token="t" * 43, public_url=URL)
        assert letter.subject
        assert "{" not in letter.body
        assert all(len(line) < 120 for line in letter.body.splitlines())
