"""The key hierarchy in memory, token kinds, peppers and digests."""

import os
from datetime import UTC, datetime, timedelta
from itertools import permutations
from unittest.mock import AsyncMock

import jwt
import pytest
from smelt.vault.v1 import signing_pb2

from services.common.errors import Unauthenticated
from services.common.tokens import Kind, StaticKeys, TokenVerifier
from services.vault.crypto.committing import DoesNotOpen
from services.vault.keys import system_keys
from services.vault.keys.grant_seal import GrantSeal
from services.vault.keys.keyring import Keyring
from services.vault.keys.system_keys import PepperNotFound, SystemKeyRow, SystemKeys
from services.vault.servicers.signing import SigningServicer
from services.vault.signing import (
    Claims,
    ErasureClaims,
    ExportClaims,
    GrantClaims,
    PassportClaims,
    SessionClaims,
    TokenSigner,
)

CLAIMS: dict[Kind, Claims] = {
    Kind.SESSION: SessionClaims("account1", "session1"),
    Kind.PASSPORT: PassportClaims("account1", "session1", ("read", "write")),
    Kind.EXPORT: ExportClaims("account1", "dataExports/e"),
    Kind.ERASURE: ErasureClaims("account1"),
    Kind.GRANT: GrantClaims("job", "account1", "jobs/j", "files/f", 1, "apiKeys/k", 1, 10, 2, 60),
}
LONGEST = {
    Kind.SESSION: 30 * 86400,
    Kind.PASSPORT: 300,
    Kind.GRANT: 7 * 86400,
    Kind.EXPORT: 86400,
    Kind.ERASURE: 86400,
}


@pytest.fixture
def keyring() -> Keyring:
    return Keyring("installation1", 1, {1: bytearray(os.urandom(32))})


@pytest.fixture
def keys(keyring: Keyring) -> SystemKeys:
    return system_keys.open_rows(system_keys.new_rows(keyring), keyring)


@pytest.fixture
def signer(keys: SystemKeys) -> TokenSigner:
    return TokenSigner("installation1", keys.signing)


@pytest.mark.promise("S03")
def test_an_account_key_opens_for_its_account_and_epoch_alone(keyring: Keyring) -> None:
    wrapped = keyring.new_account_key("account1", 1)
    assert len(keyring.open_account_key("account1", 1, wrapped).key) == 32
    for account, epoch in (("account2", 1), ("account1", 2)):
        with pytest.raises(DoesNotOpen):
            keyring.open_account_key(account, epoch, wrapped)
    with pytest.raises(DoesNotOpen):
        Keyring("installation2", 1, keyring._wrapping).open_account_key("account1", 1, wrapped)
    with pytest.raises(DoesNotOpen):
        Keyring("installation1", 2, {2: bytearray(32)}).open_account_key("account1", 1, wrapped)


def test_only_kinds_of_keys_that_came_later_are_made_later(keyring: Keyring) -> None:
    all_of_them = system_keys.new_rows(keyring)
    late = {row.kind for row in system_keys.late_rows(keyring, ())}
    assert "checkpoint" in late
    assert not late & {"token/session", "token/passport", "token/grant", "pepper", "audit", "digest"}
    assert system_keys.late_rows(keyring, {row.kind for row in all_of_them}) == []


@pytest.mark.promise("S03")
def test_system_keys_cannot_take_each_others_place(keyring: Keyring) -> None:
    rows = system_keys.new_rows(keyring)
    for one, two in permutations(rows, 2):
        with pytest.raises(DoesNotOpen):
            keyring.open_system_key(one.kind, one.id, two.wrapped)


def test_wiping_a_keyring_forgets_the_wrapping_keys(keyring: Keyring) -> None:
    keyring.wipe()
    assert not any(keyring._wrapping[1])
    assert "bytearray" not in repr(keyring)


@pytest.mark.promise("S26")
@pytest.mark.parametrize("signed", Kind)
@pytest.mark.parametrize("taken", Kind)
async def test_a_token_of_one_kind_is_never_taken_as_another(
    signer: TokenSigner, signed: Kind, taken: Kind
) -> None:
    verifier = TokenVerifier(StaticKeys(signer.verification_keys()))
    token = signer.sign(CLAIMS[signed], timedelta(minutes=1), now=datetime.now(UTC), token_id="t1").token
    if signed is taken:
        assert (await verifier.verify(taken, token))["sub"] == "account1"
    else:
        with pytest.raises(Unauthenticated):
            await verifier.verify(taken, token)


def test_each_kind_has_a_key_pair_of_its_own(signer: TokenSigner) -> None:
    keys = signer.verification_keys().keys
    assert {kind for kind, _ in keys} == set(Kind)
    assert len({key.public_bytes_raw() for key in keys.values()}) == len(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_lifetime_is_cut_to_what_the_kind_allows(signer: TokenSigner, kind: Kind) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    for wanted, got in ((60, 60), (10**9, LONGEST[kind])):
        signed = signer.sign(CLAIMS[kind], timedelta(seconds=wanted), now=now, token_id="t1")
        assert signed.expires == now + timedelta(seconds=got)
        claims = jwt.decode(signed.token, options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == got
        assert claims["iss"] == "installation1"
        assert claims["aud"] == f"smelt/{kind.value}"
        assert jwt.get_unverified_header(signed.token)["typ"] == f"{kind.value}+jwt"


@pytest.mark.parametrize("purpose", ["template-test", "key-test"])
def test_grants_for_tests_live_ten_minutes(signer: TokenSigner, purpose: str) -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    claims = GrantClaims(purpose, "account1", "", "", 0, "apiKeys/k", 0, 0, 0, 3)
    signed = signer.sign(claims, timedelta(days=1), now=now, token_id="t1")
    assert signed.expires == now + timedelta(minutes=10)


def test_a_retired_key_verifies_but_does_not_sign(keyring: Keyring) -> None:
    rows = system_keys.new_rows(keyring)
    newer = system_keys.new_rows(keyring)
    retired = [SystemKeyRow(row.kind, row.id, row.wrapped, "retired") for row in rows]
    keys = system_keys.open_rows([*retired, *newer], keyring)
    signer = TokenSigner("installation1", keys.signing)
    token = signer.sign(CLAIMS[Kind.SESSION], timedelta(60), now=datetime.now(UTC), token_id="t1").token
    assert jwt.get_unverified_header(token)["kid"] in {row.id for row in newer}
    assert len(signer.verification_keys().keys) == 2 * len(Kind)
    old_pepper = next(row.id for row in rows if row.kind == "pepper")
    assert keys.macs.pepper(b"d" * 48, old_pepper) != keys.macs.pepper(b"d" * 48, "")


def test_a_mac_names_its_pepper(keys: SystemKeys) -> None:
    mac, pepper_id = keys.macs.pepper(b"d" * 48, "")
    assert len(mac) == 48
    assert keys.macs.pepper(b"d" * 48, pepper_id) == (mac, pepper_id)
    with pytest.raises(PepperNotFound):
        keys.macs.pepper(b"d" * 48, "unknown")


async def test_a_mac_with_an_older_pepper_names_the_current_one_too(keyring: Keyring) -> None:
    """Whether a hash must be renewed is known from the answer that verified it."""
    older, newer = system_keys.new_rows(keyring), system_keys.new_rows(keyring)
    retired = [SystemKeyRow(row.kind, row.id, row.wrapped, "retired") for row in older]
    keys = system_keys.open_rows([*retired, *newer], keyring)
    (old,) = [row.id for row in older if row.kind == "pepper"]
    (new,) = [row.id for row in newer if row.kind == "pepper"]
    seal, signer = GrantSeal("installation1", keys.grant_seal), TokenSigner("installation1", keys.signing)
    servicer = SigningServicer(signer, keys.macs, seal, lambda: datetime.now(UTC))
    for asked, used in ((old, old), (new, new), ("", new)):
        request = signing_pb2.MacRequest(digest=b"d" * 48, pepper_id=asked)
        answer = await servicer.Mac(request, AsyncMock())
        assert (answer.pepper_id, answer.current_pepper_id) == (used, new)


def test_a_digest_keeps_its_parts_apart(keys: SystemKeys) -> None:
    digest = keys.macs.digest
    assert digest("a", b"bc", b"d") == digest("a", b"bc", b"d")
    assert len({digest("a", b"bc", b"d"), digest("a", b"b", b"cd"), digest("ab", b"c", b"d")}) == 3
