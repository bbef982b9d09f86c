"""The address of a client: where a call really comes from, and the name under which limits count it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address

from chalicelib.core.settings import settings

ORIGIN_HEADER = "x-origin-secret"
"""CloudFront sends its secret in this header."""
SUBSCRIBER_PREFIX_BITS = 64
"""The smallest IPv6 network that a provider hands out (RFC 6177): its holder picks freely among 2^64 addresses."""
MAX_UNKNOWN_CHARACTERS = 64
"""Text that is no address becomes part of a key too, so it may not be long."""


def client_address(headers: Mapping[str, str], source_ip: str) -> str:
    """The address of the person or device that calls.

    Behind CloudFront API Gateway sees CloudFront, which adds the client to X-Forwarded-For; API Gateway then adds
    CloudFront. Anybody may call API Gateway directly with any X-Forwarded-For, so it counts only beside the secret.

    Args:
        headers: The request's headers, names in lower case.
        source_ip: The address that API Gateway saw.
    """
    if not _through_cloudfront(headers):
        return source_ip
    addresses = [address.strip() for address in headers.get("x-forwarded-for", "").split(",")]
    if addresses[-1] == source_ip:
        addresses.pop()
    return (addresses[-1] if addresses else "") or source_ip


def _through_cloudfront(headers: Mapping[str, str]) -> bool:
    expected = settings().origin_sha256
    shown = hashlib.sha256(headers.get(ORIGIN_HEADER, "").encode()).hexdigest()
    return bool(expected) and hmac.compare_digest(shown, expected)


def address_bucket(address: str) -> str:
    """The name under which limits count a client address: one for each subscriber.

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
