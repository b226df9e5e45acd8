"""Passwords: lengths in code points, the stored form, and equal work for nobody."""

import base64
import hashlib
import hmac
from collections.abc import Callable

import bcrypt
import pytest

from services.auth.passwords import passwords
from services.auth.passwords.passwords import (
    NOBODY,
    Checked,
    Code,
    Passwords,
    PasswordTooLong,
    PasswordTooShort,
    Scheme,
    StoredPassword,
    check_length,
    schemes,
)


class Pepper:
    """A pepper that is here, and a record of what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def mac(self, digest: bytes, pepper_id: str) -> Code:
        assert len(digest) == 48
        self.asked.append(pepper_id)
        used = pepper_id or "p1"
        return Code(hmac.digest(used.encode(), digest, "sha384"), used, "p1")


class Inline:
    """Runs slow work on the spot and counts it."""

    def __init__(self) -> None:
        self.count = 0

    def check_room(self) -> None:
        """There is always room."""

    async def run(self, work: Callable[[], bytes]) -> bytes:
        self.count += 1
        return work()


@pytest.fixture
def pepper() -> Pepper:
    return Pepper()


@pytest.fixture
def threads() -> Inline:
    return Inline()


@pytest.fixture
def hashes(pepper: Pepper, threads: Inline) -> Passwords:
    return Passwords(pepper, threads)


@pytest.mark.parametrize("password", ["a" * 12, "a" * 256, "😀" * 12, "😀" * 256, "\x00" * 12, " " * 12])
def test_lengths_between_12_and_256_code_points_are_accepted(password: str) -> None:
    check_length(password)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", PasswordTooShort),
        ("a" * 11, PasswordTooShort),
        ("😀" * 11, PasswordTooShort),
        ("a" * 257, PasswordTooLong),
        ("😀" * 257, PasswordTooLong),
    ],
)
def test_other_lengths_are_refused_by_name(password: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal) as refused:
        check_length(password)
    assert isinstance(refused.value, PasswordTooShort | PasswordTooLong)
    assert refused.value.violations[0][0] == "password"
    assert password not in refused.value.message or not password


@pytest.mark.promise("S20")
async def test_what_is_stored_is_bcrypt_12_over_the_keyed_digest(hashes: Passwords) -> None:
    stored = await hashes.store("correct horse")
    assert (stored.scheme, stored.pepper_id) == ("bcrypt12-hmac-sha384", "p1")
    assert stored.hash.startswith("$2b$12$")
    assert len(stored.hash) == 60
    text = base64.b64encode(hmac.digest(b"p1", hashlib.sha384(b"correct horse").digest(), "sha384"))
    assert len(text) == 64  # bcrypt reads 72 bytes: nothing is cut off
    assert bcrypt.checkpw(text, stored.hash.encode())
    assert stored.hash not in repr(stored)


@pytest.mark.promise("S20")
async def test_every_character_of_a_long_password_counts(hashes: Passwords, pepper: Pepper) -> None:
    stored = await hashes.store("😀" * 256)
    assert await hashes.check("😀" * 256, stored) == Checked(right=True, outdated=False)
    assert not (await hashes.check("😀" * 255 + "😁", stored)).right
    assert pepper.asked == ["", "p1", "p1"]


async def test_a_password_under_an_older_pepper_is_right_and_outdated(
    hashes: Passwords, pepper: Pepper
) -> None:
    code = await pepper.mac(hashlib.sha384(b"correct horse").digest(), "p0")
    old = bcrypt.hashpw(base64.b64encode(code.mac), bcrypt.gensalt(4)).decode()
    checked = await hashes.check("correct horse", StoredPassword(passwords.SCHEME, "p0", old))
    assert checked == Checked(right=True, outdated=True)


async def test_a_password_of_an_older_scheme_is_right_and_outdated(pepper: Pepper, threads: Inline) -> None:
    newer = Scheme("newer", lambda code: code, lambda code, kept: code)
    both = Passwords(pepper, threads, (newer, *schemes()))
    stored = await Passwords(pepper, threads).store("correct horse")
    assert await both.check("correct horse", stored) == Checked(right=True, outdated=True)
    assert await both.check("correct horse", await both.store("correct horse")) == Checked(
        right=True, outdated=False
    )


async def test_nobody_costs_a_code_and_a_hash_like_anybody(
    hashes: Passwords, pepper: Pepper, threads: Inline
) -> None:
    assert not (await hashes.check("correct horse", None)).right
    assert (len(pepper.asked), threads.count) == (1, 1)
    assert NOBODY.hash.startswith("$2b$12$")
    assert len(NOBODY.hash) == 60


async def test_nobody_has_no_password_even_if_one_were_found(threads: Inline) -> None:
    class Agreeing(Inline):
        async def run(self, work: Callable[[], bytes]) -> bytes:
            return NOBODY.hash.encode()

    assert not (await Passwords(Pepper(), Agreeing()).check("correct horse", None)).right
