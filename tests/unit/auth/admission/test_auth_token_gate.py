"""Access tokens at the gate: what their text must look like, what they let through, when they are over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.auth.tokens import token_text
from services.common.errors import ScopeMissing, Unauthenticated
from tests.unit.auth.admission.test_auth_gate import NOW, SECOND, TEXT, TOKEN, World

HEADER = f"Bearer {TEXT}"


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE"])
async def test_a_token_that_may_write_passes_with_its_own_scopes(world: World, method: str) -> None:
    assert await world.gate().admit(HEADER, method=method) == "passport 1 of ada in t1"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "get", ""])
async def test_a_token_that_may_only_read_changes_nothing(world: World, method: str) -> None:
    world.token = replace(TOKEN, scopes=("read",))
    gate = world.gate()
    with pytest.raises(ScopeMissing) as refused:
        await gate.admit(HEADER, method=method)
    assert refused.value.metadata == {"scope": "write"}
    assert (world.signed, world.noted) == ([], [])
    assert await gate.admit(HEADER, method="GET") == "passport 1 of ada in t1"


@pytest.mark.parametrize(
    "token",
    [
        replace(TOKEN, expire_time=NOW),
        replace(TOKEN, expire_time=NOW - SECOND),
        replace(TOKEN, account_state="disabled"),
        replace(TOKEN, account_state="deleted"),
    ],
)
async def test_a_token_that_is_over_lets_nobody_in(world: World, token: object) -> None:
    world.token = token  # type: ignore[assignment]
    for method in ("GET", "POST"):
        with pytest.raises(Unauthenticated):
            await world.gate().admit(HEADER, method=method)


@pytest.mark.parametrize(
    "text",
    [
        token_text.PREFIX,
        TEXT[:-1],
        TEXT + "a",
        TEXT[:-1] + ("a" if TEXT[-1] != "a" else "b"),
        TEXT[:12] + ("a" if TEXT[12] != "a" else "b") + TEXT[13:],
        TEXT.replace(TEXT[20], "\u00e9"),
        TEXT[:-1] + "\ud800",
        token_text.PREFIX + "' OR 1=1--",
    ],
)
async def test_what_has_no_right_checksum_is_refused_before_the_database_is_asked(
    world: World, text: str
) -> None:
    with pytest.raises(Unauthenticated):
        await world.gate().admit(f"Bearer {text}", method="GET")
    assert world.looked_up == []


async def test_an_unknown_token_is_refused(world: World) -> None:
    with pytest.raises(Unauthenticated):
        await world.gate().admit(f"Bearer {token_text.compose(bytes(32))}", method="GET")
    assert len(world.looked_up) == 1


@pytest.mark.parametrize(("minutes", "noted"), [(None, ["t1"]), (0, []), (4, []), (5, ["t1"])])
async def test_the_use_is_written_at_most_every_five_minutes(
    world: World, minutes: int | None, noted: list[str]
) -> None:
    used = None if minutes is None else NOW - timedelta(minutes=minutes)
    world.token = replace(TOKEN, last_used_time=used)
    await world.gate().admit(HEADER, method="GET")
    assert world.noted == noted


def test_every_token_has_the_same_form_and_a_right_checksum() -> None:
    texts = {token_text.compose(bytes([n]) * 32) for n in range(256)}
    assert len(texts) == 256
    assert {len(text) for text in texts} == {59}
    assert all(text[10:].isalnum() and token_text.digest_of(text) for text in texts)
    # A token made today is recognised tomorrow: the form is what scanners are told.
    assert token_text.compose(bytes(32)) == "smelt_pat_" + "0" * 43 + "2CZclj"
