"""Limits: how they are written, and which clients count as one."""

from datetime import timedelta

import pytest

from services.auth.limits.limits import Rate, key_of
from services.auth.settings import AuthSettings
from services.common.networks import network_of
from services.common.settings import load


@pytest.mark.parametrize(
    ("text", "most", "period"),
    [
        ("5/15m", 5, timedelta(minutes=15)),
        ("3/1h", 3, timedelta(hours=1)),
        (" 10000/30s ", 10000, timedelta(seconds=30)),
        ("1/2d", 1, timedelta(days=2)),
    ],
)
def test_a_rate_is_read_as_it_is_written(text: str, most: int, period: timedelta) -> None:
    assert Rate.parse(text) == Rate(most, period)
    assert str(Rate.parse(text)) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "5", "5/m", "0/15m", "-1/15m", "5/0m", "5/15", "5/15w", "5/15m\n/", "５/15m"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like 5/15m"):
        Rate.parse(text)


def test_what_is_not_set_follows_from_the_one_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = (
        *("LISTEN", "HEALTH_LISTEN", "DATABASE_URL_FILE"),
        *("VAULT_ADDRESS", "FILES_ADDRESS", "PROCESSOR_ADDRESS"),
    )
    for name in (*needed, "TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CA_FILE"):
        monkeypatch.setenv(f"SMELT_{name}", "x")
    rates = load(AuthSettings).sign_in_rates()
    assert [str(rate) for rate in (rates.pair, rates.address, rates.email)] == ["5/15m", "20/15m", "100/1h"]
    monkeypatch.setenv("SMELT_LIMIT_LOGIN", "10/1m")
    monkeypatch.setenv("SMELT_LIMIT_LOGIN_ADDRESS", "7/1m")
    rates = load(AuthSettings).sign_in_rates()
    assert [str(rate) for rate in (rates.pair, rates.address, rates.email)] == ["10/1m", "7/1m", "200/4m"]


@pytest.mark.promise("S21")
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.1, 198.51.100.1", ""),
        ("192.0.2.1:443", ""),
    ],
)
def test_clients_of_one_network_are_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_keys_of_different_things_differ_however_they_are_cut() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("abc", "")}) == 4
    assert len(key_of("login", "ada@example.com")) == 32
