"""Which IP addresses are public: those that anyone may call, whatever they are wrapped in.

The tables of the ipaddress module differ between the releases of Python, so those of IANA's registries of
special-purpose addresses (RFC 6890) stand here.
"""

import ipaddress
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_CLOSED_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            # Azure answers every machine of its own here, with what only that machine may know.
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# All that is given out for the internet (RFC 4291), and what is kept back in it.
_OPEN_6 = IPv6Network("2000::/3")
_CLOSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
# An IPv4 address is the last 32 bits of: compatible and mapped addresses (RFC 4291), translated ones
# (RFC 2765), and those that a gateway translates (RFC 6052). What a network translates by a prefix of its own
# (RFC 8215) is not public.
_IPV4_LAST = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))
_SIX_TO_FOUR, _TEREDO = IPv6Network("2002::/16"), IPv6Network("2001::/32")
# The interface identifiers of ISATAP (RFC 5214), after any prefix.
_ISATAP = (0x00005EFE, 0x02005EFE)
_BITS_32 = 0xFFFFFFFF


def is_public(address: str) -> bool:
    """Whether an address is public; one that wraps an IPv4 address is if that one is."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_4(ip)
    inner = tuple(_wrapped(ip))
    if not all(map(_is_public_4, inner)):
        return False
    return (bool(inner) and not _is_isatap(ip)) or _is_public_6(ip)


def _is_public_4(ip: IPv4Address) -> bool:
    return not any(ip in network for network in _CLOSED_4)


def _is_public_6(ip: IPv6Address) -> bool:
    return ip in _OPEN_6 and not any(ip in network for network in _CLOSED_6)


def _is_isatap(ip: IPv6Address) -> bool:
    return int(ip) >> 32 & _BITS_32 in _ISATAP


def _wrapped(ip: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that packets to an IPv6 address may be sent on to."""
    bits = int(ip)
    if _is_isatap(ip) or any(ip in network for network in _IPV4_LAST):
        yield IPv4Address(bits & _BITS_32)
    if ip in _SIX_TO_FOUR:
        yield IPv4Address(bits >> 80 & _BITS_32)
    if ip in _TEREDO:
        # The server's address, and the client's with its bits turned over.
        yield IPv4Address(bits >> 64 & _BITS_32)
        yield IPv4Address(~bits & _BITS_32)
