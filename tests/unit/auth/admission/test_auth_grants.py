"""Grants: what each purpose must name, how long it lives, and that its person must be signed in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.auth.admission.check import ActiveSessions
from services.auth.admission.grants import GrantedWork, Grants, Purpose, SignedGrant
from services.auth.sessions.sessions import SessionState, SignedToken
from services.common.errors import InvalidRequest, Unauthenticated

NOW = datetime(2030, 1, 1, tzinfo=UTC)
JOB = GrantedWork(
    purpose=Purpose.JOB,
    job="jobs/j",
    file="files/f",
    parse=1,
    api_key="apiKeys/k",
    first_row=1,
    last_row=10,
    template_count=2,
    release_budget=60,
)
TEST = replace(JOB, purpose=Purpose.TEMPLATE_TEST, job="")
KEY_TEST = replace(
    TEST, purpose=Purpose.KEY_TEST, file="", parse=0, first_row=0, last_row=0, template_count=0
)
WEBHOOK = replace(KEY_TEST, purpose=Purpose.WEBHOOK, api_key="", release_budget=0)


class States:
    """One session, active or ended."""

    end_time: datetime | None = None

    async def find(self, session: str) -> SessionState | None:
        later = NOW + timedelta(days=1)
        if session != "s1":
            return None
        return SessionState("ada", "active", NOW, later, self.end_time, NOW)


class Signer:
    """Writes down what it would sign."""

    def __init__(self) -> None:
        self.signed: list[tuple[str, GrantedWork, timedelta]] = []

    async def sign_grant(self, account: str, work: GrantedWork, *, life: timedelta) -> SignedGrant:
        self.signed.append((account, work, life))
        return SignedGrant(SignedToken("token", "id", NOW + life), b"sealed")


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def grants(states: States, signer: Signer) -> Grants:
    return Grants(ActiveSessions(states, idle=timedelta(days=7)), signer)


@pytest.mark.parametrize(
    ("work", "life"),
    [
        (JOB, timedelta(days=7)),
        (TEST, timedelta(minutes=10)),
        (KEY_TEST, timedelta(minutes=10)),
        (WEBHOOK, timedelta(days=14)),
    ],
)
async def test_a_grant_lives_as_long_as_its_purpose_allows(
    grants: Grants, signer: Signer, work: GrantedWork, life: timedelta
) -> None:
    await grants.mint(work, account="ada", session="s1")
    assert signer.signed == [("ada", work, life)]


@pytest.mark.parametrize(
    ("work", "field"),
    [
        (replace(JOB, job=""), "job"),
        (replace(JOB, file=""), "file"),
        (replace(JOB, parse=0), "parse"),
        (replace(JOB, api_key=""), "api_key"),
        (replace(JOB, first_row=0), "first_row"),
        (replace(JOB, last_row=-1), "last_row"),
        (replace(JOB, first_row=11), "last_row"),
        (replace(JOB, template_count=0), "template_count"),
        (replace(JOB, release_budget=0), "release_budget"),
        (replace(JOB, release_budget=-1), "release_budget"),
        (replace(TEST, file=""), "file"),
        (replace(KEY_TEST, api_key=""), "api_key"),
        (replace(KEY_TEST, job="jobs/j"), "job"),
        (replace(KEY_TEST, file="files/f"), "file"),
        (replace(KEY_TEST, economy=True), "economy"),
        (replace(TEST, economy=True), "economy"),
        (replace(WEBHOOK, economy=True), "economy"),
        (replace(WEBHOOK, job="jobs/j"), "job"),
        (replace(WEBHOOK, file="files/f"), "file"),
        (replace(WEBHOOK, api_key="apiKeys/k"), "api_key"),
        (replace(WEBHOOK, release_budget=1), "release_budget"),
    ],
)
async def test_work_that_does_not_fit_its_purpose_is_refused_by_field(
    grants: Grants, signer: Signer, work: GrantedWork, field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await grants.mint(work, account="ada", session="s1")
    assert field in [name for name, _ in refused.value.violations]
    assert signer.signed == []


@pytest.mark.parametrize(("account", "session"), [("eve", "s1"), ("ada", "s2")])
async def test_no_grant_for_a_session_that_is_not_the_persons(
    grants: Grants, account: str, session: str
) -> None:
    with pytest.raises(Unauthenticated):
        await grants.mint(JOB, account=account, session=session)


async def test_no_grant_after_the_session_has_ended(grants: Grants, states: States) -> None:
    states.end_time = NOW
    with pytest.raises(Unauthenticated):
        await grants.mint(JOB, account="ada", session="s1")
