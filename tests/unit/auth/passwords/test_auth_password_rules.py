"""Which passwords are taken, and that saying so never takes long."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from services.auth.passwords.rules import (
    PasswordCommon,
    PasswordContainsEmail,
    PasswordRules,
    PasswordWeak,
    judged,
)

T = TypeVar("T")


class Inline:
    """Runs slow work on the spot."""

    async def run(self, work: Callable[[], T]) -> T:
        return work()


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password1234!",
        "P@ssw0rd1234",
        "qwertyuiop12",
        "123456789012",
        "1q2w3e4r5t6y",
        "letmeinletmein",
        "PASSWORD" * 9,
    ],
)
async def test_a_common_password_is_refused_with_advice_for_its_field(password: str) -> None:
    with pytest.raises(PasswordCommon) as refused:
        await PasswordRules(Inline()).check(password, email="ada@example.com", field="new_password")
    ((field, advice),) = refused.value.violations
    assert field == "new_password"
    assert "common" in advice
    assert password not in str(refused.value.violations)


@pytest.mark.promise("S20")
@pytest.mark.parametrize(
    "password",
    [
        "a" * 20,
        " " * 12,
        "a" * 256,
        "😀" * 256,
        "!" * 12,
        "é" + "a" * 71,
        "abc" * 5,
        "abcdefghijkl",
        "zyxwvutsrqponmlkjihg",
        "121212121212",
        "asdfghjkl;'#",
    ],
)
async def test_a_password_that_is_easy_to_guess_is_refused_with_advice_for_its_field(password: str) -> None:
    with pytest.raises((PasswordWeak, PasswordCommon)) as refused:
        await PasswordRules(Inline()).check(password, email="ada@example.com", field="new_password")
    ((field, advice),) = refused.value.violations
    assert field == "new_password"
    assert advice.startswith("is ")
    assert password not in str(refused.value.violations)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "😀🐘🌵🚲🎈🧊🍋🪁🦔🧲🪴🎻",
        "g7#Kq2!xV9pLw",
        "a\x00b" + "c" * 4 + "kestrel9",
        "x" * 40 + " and then seven green boats sailed away",
        "0123456789abcdef" * 2 + "kestrel umbrella quartz",
        "жёлтый верблюд танцует",
    ],
)
async def test_there_are_no_rules_of_composition(password: str) -> None:
    assert await PasswordRules(Inline()).check(password, email="ada@example.com") == ""


@pytest.mark.promise("S20")
@pytest.mark.parametrize("password", ["iloveyou you", "password sun", "passwordqwerty" * 3])
async def test_a_weak_password_that_is_accepted_comes_with_advice(password: str) -> None:
    advice = await PasswordRules(Inline()).check(password, email="ada@example.com")
    assert "word" in advice
    assert advice.endswith(".")
    assert advice[0].isupper()
    assert password not in advice


@pytest.mark.parametrize("password", ["my name is Ada!", "kestrelADAquartz", "seven adas boat"])
async def test_the_name_in_the_address_is_no_part_of_a_password(password: str) -> None:
    with pytest.raises(PasswordContainsEmail):
        await PasswordRules(Inline()).check(password, email="ada+work@example.com")
    await PasswordRules(Inline()).check(password, email="al@example.com")


@pytest.mark.parametrize(
    "password",
    [
        "{586(/1/7!<(/4!|+421635(&4447$4!%<|4031/$3#3%3194|$7([79(&20|0%<995/0!5@",
        "0123456789@!|" * 19,
        "4@8({[<369&#!|1/0$5+7%2" * 11,
        "1|!71|!7" * 32,
        "a" * 256,
        "passwordqwerty" * 18,
        "".join(f"monkey{n}" for n in range(30)),
    ],
)
def test_no_password_keeps_a_processor_busy(password: str) -> None:
    started = time.process_time()
    judged(password)
    # Minutes, where the estimate is let loose on all of it.
    assert time.process_time() - started < 1
