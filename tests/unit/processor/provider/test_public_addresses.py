"""Which addresses are public (S46): an IPv4 address in an IPv6 one is judged in each of its spellings."""

import ipaddress
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.processor.provider.public_addresses import is_public

INSIDE = (
    "127.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
)
OUTSIDE = ("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "128.0.0.1", "172.32.0.1", "223.255.255.254")


def bits(ipv4: str) -> int:
    return int(ipaddress.IPv4Address(ipv4))


def six(number: int) -> str:
    return str(ipaddress.IPv6Address(number))


#: The spellings by which an IPv4 address is wrapped in an IPv6 address, with another one where there are two.
WRAPPED: dict[str, Callable[[str, str], str]] = {
    "compatible": lambda inner, _: f"::{inner}",
    "mapped": lambda inner, _: f"::ffff:{inner}",
    "mapped, in hexadecimal": lambda inner, _: f"::ffff:{bits(inner) >> 16:x}:{bits(inner) & 0xFFFF:x}",
    "mapped, in full": lambda inner, _: ipaddress.IPv6Address(f"::ffff:{inner}").exploded,
    "translated": lambda inner, _: f"::ffff:0:{inner}",
    "by a gateway": lambda inner, _: f"64:ff9b::{inner}",
    "6to4": lambda inner, _: six(0x2002 << 112 | bits(inner) << 80 | 1),
    "the client of Teredo": lambda inner, other: six(
        0x20010000 << 96 | bits(other) << 64 | (bits(inner) ^ 0xFFFFFFFF)
    ),
    "the server of Teredo": lambda inner, other: six(
        0x20010000 << 96 | bits(inner) << 64 | (bits(other) ^ 0xFFFFFFFF)
    ),
    "ISATAP": lambda inner, _: six(0x2606_4700 << 96 | 0x5EFE << 32 | bits(inner)),
    "ISATAP, said to be global": lambda inner, _: six(0x2606_4700 << 96 | 0x02005EFE << 32 | bits(inner)),
    "with a zone": lambda inner, _: f"::ffff:{inner}%eth0",
}


@pytest.mark.promise("S46")
@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_stays_inside_in_any_spelling(
    address: str, wrapped: Callable[[str, str], str]
) -> None:
    assert not is_public(address)
    assert not is_public(wrapped(address, "8.8.8.8"))


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("address", OUTSIDE)
def test_what_is_public_is_public_in_any_spelling(address: str, wrapped: Callable[[str, str], str]) -> None:
    assert is_public(address)
    assert is_public(wrapped(address, "8.8.8.8"))


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    "address",
    [
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "feff::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "64:ff9b:1::127.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:1:7f00:0:100::",
        "100::1",
        "100:0:0:1::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "3fff:fff::1",
        "5f00::1",
        "4000::1",
        "1::1",
        "",
        "not an address",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "１２７.0.0.1",
    ],
)
def test_other_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "2003::1"]
)
def test_public_addresses_of_the_newer_kind(address: str) -> None:
    assert is_public(address)


@pytest.mark.promise("S46")
@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(WRAPPED)), st.integers(0, 2**32 - 1))
def test_no_spelling_makes_an_address_more_public(number: int, how: str, other: int) -> None:
    inner, beside = str(ipaddress.IPv4Address(number)), str(ipaddress.IPv4Address(other))
    if is_public(WRAPPED[how](inner, beside)):
        assert is_public(inner)


def test_nothing_is_public_that_the_library_knows_to_be_private() -> None:
    dice = random.Random(7)
    for _ in range(5_000):
        for ip in (
            ipaddress.IPv4Address(dice.getrandbits(32)),
            ipaddress.IPv6Address(0x2 << 124 | dice.getrandbits(124)),
        ):
            # Releases of Python differ about addresses that wrap another; the tests above judge those.
            if is_public(str(ip)) and not (isinstance(ip, ipaddress.IPv6Address) and ip.sixtofour):
                assert ip.is_global, ip
                assert not ip.is_multicast, ip
