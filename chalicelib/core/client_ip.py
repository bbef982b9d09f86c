"""Where a request really came from, when CloudFront stands in between."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from chalicelib.core.settings import settings

ORIGIN_HEADER = "x-origin-secret"


def client_address(headers: Mapping[str, str], source_ip: str) -> str:
    """The address of the person or device; header names are lower case, source_ip is whom API Gateway saw.

    Behind CloudFront that is CloudFront, which adds the viewer to X-Forwarded-For, as API Gateway then adds CloudFront.
    Anybody may call API Gateway directly and claim anything there: CloudFront's word counts only beside its secret.
    """
    if not _through_cloudfront(headers):
        return source_ip
    addresses = [address.strip() for address in headers.get("x-forwarded-for", "").split(",")]
    if addresses[-1] == source_ip:
        addresses.pop()
    return (addresses[-1] if addresses else "") or source_ip


def _through_cloudfront(headers: Mapping[str, str]) -> bool:
    expected = settings().origin_sha256
    given = hashlib.sha256(headers.get(ORIGIN_HEADER, "").encode()).hexdigest()
    return bool(expected) and hmac.compare_digest(given, expected)
