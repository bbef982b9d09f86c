"""Network addresses as limits count them: one bucket for each subscriber, not for each address they can pick."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address

SUBSCRIBER_PREFIX_BITS = 64
"""The smallest IPv6 network that a provider hands out (RFC 6177): its holder picks freely among 2^64 addresses."""
MAX_UNKNOWN_CHARACTERS = 64
"""What is no address becomes part of a key all the same, so it may not be long."""


def address_bucket(address: str) -> str:
    """The name under which limits count a client address.

    An IPv4 address counts by itself, however it is written; an IPv6 address counts by its /64.

    Args:
        address: A textual IP address, with or without an IPv6 zone (`fe80::1%eth0`).

    Returns:
        `203.0.113.7` or `2001:db8:0:1::/64`. Text that is no address is returned as it is, cut to 64 characters.
    """
    try:
        parsed = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return address.strip()[:MAX_UNKNOWN_CHARACTERS]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), SUBSCRIBER_PREFIX_BITS), strict=False))
