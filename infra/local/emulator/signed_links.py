"""Signed links to files, checked as S3 does: AWS Signature Version 4 in the query."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chalicelib.exports.model import LINK_MS
from infra.local.runner.environment import REGION

DATE = "%Y%m%dT%H%M%SZ"
LONGEST_LINK_SECONDS = LINK_MS // 1_000
"""The app signs none for longer."""
SIGNATURE = "X-Amz-Signature"
SECONDS = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def is_good(query: Mapping[str, str], now: datetime) -> bool:
    """Whether a link may be used now: X-Amz-Expires seconds from X-Amz-Date, and no more than the app gives."""
    date, seconds = query.get("X-Amz-Date", ""), query.get("X-Amz-Expires", "")
    try:
        signed_at = datetime.strptime(date, DATE).replace(tzinfo=UTC)
    except ValueError:
        return False
    if not SECONDS.fullmatch(seconds) or int(seconds) > LONGEST_LINK_SECONDS:
        return False
    return signed_at <= now < signed_at + timedelta(seconds=int(seconds))


def is_signed(query: str, bucket: str, key: str) -> bool:
    """Whether a link was signed here for this file.

    Args:
        query: The query string as it came.
        bucket: The bucket that its path names.
        key: The file that its path names.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs) or not given.get("X-Amz-Date") or given.get("X-Amz-SignedHeaders") != "host":
        return False
    expected = _signature([pair for pair in pairs if pair[0] != SIGNATURE], bucket, key, given)
    return hmac.compare_digest(given.get(SIGNATURE, "").encode(errors="replace"), expected.encode())


def _signature(pairs: list[tuple[str, str]], bucket: str, key: str, given: dict[str, str]) -> str:
    """The signature that these parameters should have; the address is the one that the app signs for."""
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    auth = S3SigV4QueryAuth(credentials, "s3", REGION, LONGEST_LINK_SECONDS)
    request = AWSRequest("GET", f"{os.environ['EXPORTS_URL']}/{bucket}/{key}?{urlencode(pairs)}")
    request.context["timestamp"] = given["X-Amz-Date"]
    if given.get("X-Amz-Credential") != auth.scope(request):
        return secrets.token_hex()
    signature: str = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return signature
