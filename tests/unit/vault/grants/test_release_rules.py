"""What a grant covers, how much it may release, and how many refusals are recorded."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.common.errors import Unavailable
from services.common.identity import JobGrant
from services.vault.api_keys.place import KeyPlace
from services.vault.audit.actions import Action
from services.vault.audit.chain import Chain, Event
from services.vault.audit.refusals import RefusalLimiter, Refusals
from services.vault.grants import rules
from services.vault.grants.brake import Brake, GrantLimit, Recent, ReleaseBrake, judged
from services.vault.grants.rules import GrantExpired, GrantInvalid, Use

NOW = datetime(2030, 1, 1, tzinfo=UTC)
GRANT = JobGrant(
    id="g1",
    purpose="job",
    account="account1",
    job="jobs/j1",
    file="files/f1",
    parse=1,
    api_key="apiKeys/k1",
    first_row=3,
    last_row=12,
    template_count=2,
    release_budget=60,
    expires=NOW + timedelta(hours=1),
    token="",
)
USE = Use(row=3, template=0, claim=0, attempt=1)


@pytest.mark.parametrize(
    "use",
    [USE, replace(USE, row=12), replace(USE, template=1), replace(USE, claim=2**62), replace(USE, attempt=9)],
)
def test_a_grant_covers_its_rows_and_templates(use: Use) -> None:
    rules.check(GRANT, use, NOW)


@pytest.mark.parametrize(
    "use",
    [
        replace(USE, row=2),
        replace(USE, row=13),
        replace(USE, row=-3),
        replace(USE, template=-1),
        replace(USE, template=2),
        replace(USE, claim=-1),
        replace(USE, attempt=0),
    ],
)
def test_a_grant_covers_nothing_else(use: Use) -> None:
    with pytest.raises(GrantInvalid):
        rules.check(GRANT, use, NOW)


def test_a_grant_ends_at_its_instant() -> None:
    rules.check(GRANT, USE, GRANT.expires - timedelta(microseconds=1))
    with pytest.raises(GrantExpired):
        rules.check(GRANT, USE, GRANT.expires)


def test_rows_before_the_first_are_never_covered_even_if_the_grant_says_so() -> None:
    odd = replace(GRANT, first_row=-5)
    for row in (-5, 0):
        with pytest.raises(GrantInvalid):
            rules.check(odd, replace(USE, row=row), NOW)


@pytest.mark.parametrize(
    ("rows", "templates", "asked", "allowed"),
    [
        (10, 2, 60, 60),
        (10, 2, 10**9, 20 * 3 + 8 * 20),
        (5000, 1, 10**9, 15_000 + 8_000),
        (0, 1, 10, 0),
        (-5, 1, 10, 0),
        (10, -1, 10, 0),
        (10, 1, -1, 0),
    ],
)
def test_a_budget_is_what_the_grant_says_and_at_most_what_its_rows_can_need(
    rows: int, templates: int, asked: int, allowed: int
) -> None:
    grant = replace(GRANT, first_row=1, last_row=rows, template_count=templates, release_budget=asked)
    assert rules.budget(grant) == allowed


@pytest.mark.parametrize("name", ["", "apiKeys/", "apiKeys/A", "apiKeys/a b", "apiKeys/a\n", "files/f", "k1"])
def test_a_grant_for_no_key_is_none(name: str) -> None:
    with pytest.raises(GrantInvalid):
        rules.shown(replace(GRANT, api_key=name))


def test_only_the_managed_name_means_the_operators_key() -> None:
    assert KeyPlace.named("account1", "apiKeys/managed") == KeyPlace("operator", "managed")
    assert KeyPlace.named("account1", "apiKeys/k1") == KeyPlace("account1", "k1")
    assert KeyPlace("operator", "managed").name == "apiKeys/managed"


def test_a_flood_of_refusals_is_recorded_only_in_part() -> None:
    limiter = RefusalLimiter(per_second=0.0, at_once=5.0)
    assert [limiter.admits() for _ in range(8)] == [True] * 5 + [False] * 3


def test_refusals_are_noted_but_not_what_failed_for_want_of_a_database() -> None:
    noted: list[Event] = []
    refusals = Refusals(RefusalLimiter(per_second=0.0, at_once=2.0), noted.append)
    for account, error in zip(
        "aabc", (Unavailable(), GrantInvalid(), GrantExpired(), GrantInvalid()), strict=True
    ):
        refusals.refused(
            error, account=account, object="files/f", action=Action.OPEN_DATA_KEY, caller="files"
        )
    assert [event.details["reason"] for event in noted] == ["GRANT_INVALID", "GRANT_EXPIRED"]


def test_the_brake_lets_known_accounts_begin_more_and_new_ones_only_so_many() -> None:
    new = [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1"), ("a", "3"), ("b", "2")]

    def admitted(brake: Brake, recent: Recent) -> list[tuple[str, str]]:
        found = judged(brake, recent, new)
        assert list(found) == new
        assert set(found.values()) <= {None, ReleaseBrake}
        return [key for key, why in found.items() if why is None]

    assert admitted(Brake(9, 2, 9), Recent(0, 0, Counter())) == [
        ("a", "1"), ("b", "1"), ("a", "2"), ("a", "3"), ("b", "2")
    ]  # fmt: skip
    assert admitted(Brake(3, 9, 9), Recent(1, 1, Counter(b=1))) == [("a", "1"), ("b", "1")]
    assert admitted(Brake(9, 1, 9), Recent(5, 1, Counter(b=5))) == [("b", "1"), ("b", "2")]
    assert admitted(Brake(5, 9, 9), Recent(5, 1, Counter(b=5))) == []


@pytest.mark.promise("S43")
def test_an_account_reaches_its_own_share_before_it_uses_up_everybodys() -> None:
    new = [*(("a", str(n)) for n in range(5)), ("b", "1"), ("c", "1")]
    found = judged(Brake(5, 9, 3), Recent(1, 1, Counter(a=1)), new)
    assert list(found.values()) == [None, None, GrantLimit, GrantLimit, GrantLimit, None, None]
    # What the share refuses takes nothing from the others, and what others use up is told as that.
    assert judged(Brake(5, 9, 3), Recent(5, 2, Counter(a=3)), [("a", "9"), ("d", "1")]) == {
        ("a", "9"): GrantLimit,
        ("d", "1"): ReleaseBrake,
    }


def test_a_chain_depends_on_installation_slot_and_key() -> None:
    heads = {
        Chain(installation, bytearray(key)).genesis(slot).mac
        for installation in ("i1", "i2")
        for key in (b"a" * 32, b"b" * 32)
        for slot in ("0", "1")
    }
    assert len(heads) == 8


def test_the_same_event_twice_gives_two_records() -> None:
    chain = Chain("i1", bytearray(32))
    head = chain.genesis("0")
    start = head.mac
    one = chain.append(head, Event("a", "o", Action.TEST_API_KEY, "ok", {"b": 1, "a": 2}), NOW)
    two = chain.append(head, Event("a", "o", Action.TEST_API_KEY, "ok", {"a": 2, "b": 1}), NOW)
    assert one.body == two.body
    assert (one.seq, two.seq) == (1, 2)
    assert one.mac != two.mac
    assert chain.follows(one, start)
    assert chain.follows(two, one.mac)
    assert not chain.follows(two, start)


def test_a_hardened_process_leaves_no_core_and_cannot_be_dumped() -> None:
    program = (
        "import ctypes, resource\n"
        "from services.vault.hygiene import harden_process\n"
        "harden_process()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "(0, 0) 0"
