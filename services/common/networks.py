"""What counts as one client where clients are counted by their network address."""

import ipaddress

#: The smallest allocation that a customer gets (RFC 6177). Counted by single addresses, a limit would mean
#: nothing: each customer has 2^64 of them.
_IPV6_PREFIX = 64


def network_of(client_address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 address.

    All clients whose address is missing or malformed count as one.
    """
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))
