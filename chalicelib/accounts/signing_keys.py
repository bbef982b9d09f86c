"""The keys of session tokens: the newest signs, all of them verify, so that a new key ends no session.

Their secrets are in SSM on AWS and in the environment on a PC, never in a table or a log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.errors import Unavailable
from chalicelib.core.identifiers import digest
from chalicelib.core.settings import settings
from chalicelib.core.times import MINUTE_MS

MIN_SECRET_BYTES = 32
"""As long as HS256's own output (RFC 7518, section 3.2)."""
MAX_AGE_MS = 10 * MINUTE_MS
"""A container reads the keys again after this time. A superseded key must verify for longer."""
MIN_AGE_MS = MINUTE_MS
"""An unknown key id makes a container read again after this time, so that forged tokens cannot flood SSM."""
LOG = logging.getLogger("ghostwatt.keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and an id that does not reveal it."""

    key_id: str
    secret: str


class KeyRing:
    """A cache of the keys, read when first needed, when they are old, and for an unknown key id."""

    def __init__(self, load: Callable[[], Sequence[str]]) -> None:
        self._load = load
        self._keys: list[Key] = []
        self._read_at_ms = 0

    def signing(self, now_ms: int) -> Key:
        """The newest key.

        Raises:
            Unavailable: There are no keys yet, and they cannot be read.
        """
        self._read_if_older(MAX_AGE_MS, now_ms)
        return self._keys[-1]

    def verifying(self, key_id: str, now_ms: int) -> Key | None:
        """The key of an id; None for an unknown one.

        Raises:
            Unavailable: There are no keys yet, and they cannot be read.
        """
        self._read_if_older(MAX_AGE_MS, now_ms)
        if self._find(key_id) is None:
            self._read_if_older(MIN_AGE_MS, now_ms)
        return self._find(key_id)

    def _find(self, key_id: str) -> Key | None:
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _read_if_older(self, age_ms: int, now_ms: int) -> None:
        """Keys that were read before stay in use while they cannot be read again."""
        if self._keys and abs(now_ms - self._read_at_ms) < age_ms:
            return
        try:
            self._keys = [_key(secret) for secret in self._load()]
        except Unavailable:
            if not self._keys:
                raise
            LOG.warning("the signing keys could not be read again")
        if not self._keys:
            raise RuntimeError("there is no signing key: deploy makes the first")
        self._read_at_ms = now_ms


def _key(secret: str) -> Key:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise RuntimeError(f"JWT_SECRET needs at least {MIN_SECRET_BYTES} bytes")
    return Key(digest(secret)[:8], secret)


def load_secrets() -> list[str]:
    """Load all secrets in use, the newest last; in SSM each is named by the time at which it was made.

    Raises:
        Unavailable: SSM does not answer.
    """
    if not settings().signing_keys_path:
        return [settings().jwt_secret]
    try:
        pages = aws.client("ssm", read_seconds=3).get_paginator("get_parameters_by_path")
        parameters = [
            parameter
            for page in pages.paginate(Path=settings().signing_keys_path, WithDecryption=True)
            for parameter in page["Parameters"]
        ]
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The signing keys cannot be read; try again.", code="keys_unavailable") from error
    return [parameter["Value"] for parameter in sorted(parameters, key=lambda parameter: str(parameter["Name"]))]


RING = KeyRing(load_secrets)
"""The keys of this process."""
