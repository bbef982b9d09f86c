"""The keys of session tokens: the newest signs, all of them verify, so that a new one ends nobody's session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.accounts import signing_key_store as store
from chalicelib.core.errors import Unavailable
from chalicelib.core.identifiers import digest
from chalicelib.core.times import MINUTE_MS

MIN_SECRET_BYTES = 32
"""As long as HS256's own output (RFC 7518, section 3.2)."""
MAX_AGE_MS = 10 * MINUTE_MS
"""A container that never meets a new key learns of it by this; a superseded key must verify for longer."""
MIN_AGE_MS = MINUTE_MS
"""Made-up key ids in forged tokens must not become calls of the store."""
LOG = logging.getLogger("ghostwatt.keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A secret, and the id that names it without showing it."""

    key_id: str
    secret: str


class KeyRing:
    """The keys as they were last read: when first needed, once they are old, or for an unknown key id."""

    def __init__(self, load: Callable[[], Sequence[str]]) -> None:
        self._load = load
        self._keys: list[Key] = []
        self._read_at_ms = 0

    def signing(self, now_ms: int) -> Key:
        """The newest key. Raises Unavailable."""
        self._read_if_older(MAX_AGE_MS, now_ms)
        return self._keys[-1]

    def verifying(self, key_id: str, now_ms: int) -> Key | None:
        """The key of an id, None when there is none. Raises Unavailable."""
        self._read_if_older(MAX_AGE_MS, now_ms)
        if self._find(key_id) is None:
            self._read_if_older(MIN_AGE_MS, now_ms)
        return self._find(key_id)

    def _find(self, key_id: str) -> Key | None:
        return next((key for key in self._keys if key.key_id == key_id), None)

    def _read_if_older(self, age_ms: int, now_ms: int) -> None:
        """Keys at hand stay good while the store is down: only a container without any must wait."""
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


RING = KeyRing(store.load)
"""The keys of this process."""
