"""Password hashes: argon2id (RFC 9106). Passwords come as domain.accounts.tidy_password gives them."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""19 MiB, two passes, one lane: the least that OWASP's Password Storage Cheat Sheet (2024) asks for; 40 ms of a CPU."""
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$mSkOi1ASd163/RxGv9IJVw$WCGp3LIisFvkKwqhMvIdirsJuK7+Ny9rYwSLaXn6z6k"
"""The hash of 128 random bits that nobody kept; its parameters are HASHER's, so that it takes as long to verify."""


def hashed(password: str) -> str:
    """What is stored of a password: salted, with its parameters in front."""
    return HASHER.hash(password)


def fits(password_hash: str | None, password: str) -> bool:
    """Whether this is the password; without a hash (nobody's account) it takes as long and is False."""
    try:
        HASHER.verify(password_hash or NOBODYS_HASH, password)
    except VerifyMismatchError:
        return False
    return password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(password_hash)
