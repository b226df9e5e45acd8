"""An address that a stranger registered first: its owner proves it, and the stranger keeps nothing."""

import asyncio
import hashlib
from typing import Any

import pytest
from smelt.auth.v1 import access_tokens_pb2, access_tokens_pb2_grpc, ended_access_pb2, users_pb2

from services.common.identity import PASSPORT_KEY
from services.common.suspension import Suspended
from tests.integration.auth.auth_server import GENEROUS, PASSWORD, Auth, Replicas, refusal, token_in
from tests.integration.auth.recovery.test_auth_recovery import NEW, ask, ask_link, by_link, reset
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS

Ended = ended_access_pb2.EndedAccess


async def access_token(auth: Auth, passport: str, name: str = "script") -> str:
    request = access_tokens_pb2.CreateAccessTokenRequest(display_name=name, scopes=["write"])
    made = await access_tokens_pb2_grpc.AccessTokenServiceStub(auth.channel).CreateAccessToken(
        request, metadata=((PASSPORT_KEY, passport),), timeout=PATIENCE_SECONDS
    )
    return str(made.token)


async def passes(auth: Auth, token: str) -> bool:
    return (await auth.check(f"Bearer {token}")).HasField("ok_response")


class Stranger:
    """Somebody who registered an address first, and what they made there."""

    def __init__(self, auth: Auth, email: str) -> None:
        self.auth, self.email = auth, email

    async def settle_in(self) -> None:
        await self.auth.register(self.email)
        signed_in = await self.auth.sign_in(self.email)
        self.session, self.device = signed_in.token, signed_in.device_token
        self.passport = await self.auth.passport(f"Bearer {self.session}")
        self.token = await access_token(self.auth, self.passport)
        ((self.account,),) = self.auth.execute("SELECT id FROM account WHERE email = %s", self.email)
        self.auth.processor.holds[self.account] = Suspended(webhooks=2, jobs=1)
        self.auth.vault.add_key(self.account, "sk-of-the-stranger-abcdefgh", "https://evil.example/v1")

    async def is_out(self) -> None:
        for token in (self.session, self.token):
            assert not await passes(self.auth, token)
        assert (await refusal(self.auth.sign_in(self.email)))[0] == "UNAUTHENTICATED"
        assert self.auth.execute("SELECT count(*) FROM access_token WHERE account = %s", self.account) == [
            (0,)
        ]
        digest = hashlib.sha256(self.device.encode()).digest()
        assert self.auth.execute("SELECT 1 FROM device WHERE digest = %s", digest) == []
        # Neither its webhooks, its jobs nor its API key go on.
        assert self.account not in self.auth.processor.holds
        assert self.account not in self.auth.vault.active_keys


@pytest.fixture
async def stranger(auth: Auth, request: pytest.FixtureRequest) -> Stranger:
    made = Stranger(auth, f"{request.node.originalname[:60].replace('_', '-')}@example.com")
    await made.settle_in()
    return made


ALL_OF_IT = Ended(sessions=1, devices=1, access_tokens=1, webhooks=2, jobs=1, api_keys=1)


@pytest.mark.promise("S25")
async def test_a_reset_leaves_a_stranger_nothing_and_says_so(auth: Auth, stranger: Stranger) -> None:
    await ask(auth, stranger.email)
    # The first mail was about the access token.
    answer = await reset(auth, token_in(await auth.mail(stranger.email, 2)))
    assert answer.ended == ALL_OF_IT
    await stranger.is_out()
    owner = await auth.sign_in(stranger.email, NEW)
    assert await passes(auth, owner.token)
    text = (await auth.mail(stranger.email, 3)).get_content()
    for line in (
        "Sessions ended: 1",
        "Remembered devices forgotten: 1",
        "Access tokens ended: 1",
        "Webhooks off until you confirm them (`smelt webhooks confirm`): 2",
        "Jobs paused until you resume them (`smelt jobs resume`): 1",
        "API keys not used until you activate one (`smelt keys activate`): 1",
    ):
        assert f"  {line}\n" in text
    # A second reset, which proves nothing new, ends what was made since.
    mine = await access_token(auth, await auth.passport(f"Bearer {owner.token}"))
    await ask(auth, stranger.email)
    again = await reset(auth, token_in(await auth.mail(stranger.email, 5)), f"{NEW} 2")
    assert again.ended == Ended(sessions=1, devices=1, access_tokens=1)
    assert not await passes(auth, mine)


@pytest.mark.promise("S25")
async def test_the_first_sign_in_link_leaves_a_stranger_nothing_and_says_so(
    auth: Auth, stranger: Stranger
) -> None:
    await ask_link(auth, stranger.email)
    answer = await by_link(auth, token_in(await auth.mail(stranger.email, 2)))
    expected = Ended(password=True)
    expected.MergeFrom(ALL_OF_IT)
    assert answer.ended == expected
    # The password was the stranger's, too, who could come back with it.
    await stranger.is_out()
    assert await passes(auth, answer.token)
    told = await auth.mail(stranger.email, 3)
    assert told["Subject"] == "Earlier access to your Smelt account has ended"
    assert "The earlier password no longer works" in told.get_content()
    assert "Webhooks off until you confirm them (`smelt webhooks confirm`): 2" in told.get_content()
    # What its owner makes from now on is the owner's: the next link ends nothing.
    mine = await access_token(auth, await auth.passport(f"Bearer {answer.token}"))
    await ask_link(auth, stranger.email)
    again = await by_link(auth, token_in(await auth.mail(stranger.email, 5)))
    assert not again.HasField("ended")
    assert [await passes(auth, each) for each in (answer.token, mine, again.token)] == [True] * 3
    # A new password comes by mail.
    await ask(auth, stranger.email)
    await reset(auth, token_in(await auth.mail(stranger.email, 6)))
    await auth.sign_in(stranger.email, NEW)


@pytest.mark.promise("S25")
async def test_after_a_reset_a_link_proves_nothing_new(auth: Auth, stranger: Stranger) -> None:
    await ask(auth, stranger.email)
    await reset(auth, token_in(await auth.mail(stranger.email, 2)))
    owner = await auth.sign_in(stranger.email, NEW)
    await ask_link(auth, stranger.email)
    answer = await by_link(auth, token_in(await auth.mail(stranger.email, 4)))
    assert not answer.HasField("ended")
    assert await passes(auth, owner.token)


async def test_mailed_links_of_before_end_with_the_first_proof(auth: Auth, stranger: Stranger) -> None:
    await ask(auth, stranger.email)
    await ask_link(auth, stranger.email)
    mails = [await auth.mail(stranger.email, number) for number in (2, 3)]
    link, other = sorted(mails, key=lambda mail: mail["Subject"] != "Sign in to Smelt")
    await by_link(auth, token_in(link))
    assert (await refusal(reset(auth, token_in(other))))[0] == "RESET_TOKEN_INVALID"


async def test_of_two_first_proofs_at_once_one_ends_everything_and_both_are_the_owner(
    replicas: Replicas,
) -> None:
    stranger = Stranger(replicas.first, "two-proofs@example.com")
    await stranger.settle_in()
    await ask(replicas.first, stranger.email)
    await ask_link(replicas.second, stranger.email)
    mails = [await replicas.first.mail(stranger.email, number) for number in (2, 3)]
    link, other = sorted(mails, key=lambda mail: mail["Subject"] != "Sign in to Smelt")
    answers = await asyncio.gather(
        by_link(replicas.first, token_in(link)),
        reset(replicas.second, token_in(other)),
        return_exceptions=True,
    )
    # The one that comes second finds its link ended with all the others.
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    await stranger.is_out()


async def test_verification_proves_the_address(replicas: Replicas) -> None:
    async with replicas.another(verify_email=True, **GENEROUS) as auth:
        await auth.register("verified@example.com")
        request = users_pb2.VerifyEmailRequest(token=token_in(await auth.mail("verified@example.com")))
        answer = await auth.users.VerifyEmail(request, timeout=PATIENCE_SECONDS)
        assert answer.ended == Ended()
        owner = await auth.sign_in("verified@example.com")
        # So the first link afterwards is not the first proof, and the password stays.
        await ask_link(auth, "verified@example.com")
        again = await by_link(auth, token_in(await auth.mail("verified@example.com", 2)))
        assert not again.HasField("ended")
        assert await passes(auth, owner.token)
        await auth.sign_in("verified@example.com")


async def change(auth: Auth, passport: str, new: str, **more: Any) -> Any:
    request = users_pb2.ChangePasswordRequest(current_password=PASSWORD, new_password=new, **more)
    return await auth.users.ChangePassword(
        request, metadata=((PASSPORT_KEY, passport),), timeout=PATIENCE_SECONDS
    )


@pytest.mark.promise("S25")
@pytest.mark.parametrize("end", first(1, [True, False]))
async def test_a_change_with_the_current_password_ends_access_tokens_if_it_is_asked_to(
    auth: Auth, end: bool
) -> None:
    email = f"asks-{end}@example.com".lower()
    stranger = Stranger(auth, email)
    await stranger.settle_in()
    asked = list(auth.processor.asked)
    answer = await change(auth, stranger.passport, NEW, end_access_tokens=end)
    assert answer.ended == Ended(devices=1, access_tokens=1 if end else 0)
    assert await passes(auth, stranger.session)
    assert await passes(auth, stranger.token) != end
    text = (await auth.mail(email, 2)).get_content()
    assert ("Access tokens ended: 1\n" in text) == end
    assert ("Access tokens keep working." in text) != end
    # Someone who knows the password is the owner: webhooks, jobs and API keys go on.
    assert auth.processor.asked == asked
    assert "Webhooks" not in text
