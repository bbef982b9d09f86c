"""Ids and secrets: random where they must not be guessed, digested where they are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty consonants, as RFC 8628 section 6.1 suggests: no look-alikes, no words; eight of them are 34 bits."""
FAMILY_NONCE_BYTES = 16


def new_id() -> str:
    """A random id, 80 bits, safe in a URL."""
    return secrets.token_hex(10)


def new_secret() -> str:
    """A random secret, 256 bits, safe in a URL."""
    return secrets.token_urlsafe(32)


def new_family_secret(family: str) -> str:
    """A random secret that proves its family: 128 random bits, sealed with `family`."""
    nonce = secrets.token_bytes(FAMILY_NONCE_BYTES)
    return _text(nonce + _seal(nonce, family))


def is_family_secret(secret: str, family: str) -> bool:
    """Whether new_family_secret made it with this family."""
    try:
        whole = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
    except ValueError:
        return False
    nonce, seal = whole[:FAMILY_NONCE_BYTES], whole[FAMILY_NONCE_BYTES:]
    return hmac.compare_digest(seal, _seal(nonce, family))


def _seal(nonce: bytes, family: str) -> bytes:
    return hmac.digest(family.encode(), nonce, "sha256")[:FAMILY_NONCE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def derived_secret(secret: str, about: str) -> str:
    """Derive a secret from another one: the same each time, safe in a URL (HKDF, RFC 5869, one block).

    Both are 256 bits of no structure; about keeps secrets for different uses apart.
    """
    extracted = hmac.digest(b"ghostwatt", secret.encode(), "sha256")
    expanded = hmac.digest(extracted, about.encode() + b"\x01", "sha256")
    return _text(expanded)


def digest(secret: str) -> str:
    """SHA-256 in hexadecimal: all that is stored of a random secret (it needs no salt and no slow hash)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def constant_time_equal(left: str, right: str) -> bool:
    """Whether two digests are equal; the time that this takes does not depend on where they differ."""
    return hmac.compare_digest(left, right)
