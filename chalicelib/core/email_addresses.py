"""E-mail addresses: the one form in which they are stored, and which of them mail can reach.

Only a mail can show whether somebody reads an address (mail_links.py).
"""

from __future__ import annotations

import re
import unicodedata

from chalicelib.core.errors import Invalid

MAX_EMAIL_CHARACTERS = 254
"""The longest address that fits a mail's path (RFC 5321, section 4.5.3.1.3)."""
EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f]+@[^@\s\x00-\x1f\x7f-\x9f]+")
"""One @ between printable characters: enough to find an account. A new account's address is checked further."""
MAX_LOCAL_BYTES = 64
"""RFC 5321, section 4.5.3.1.1."""
MAX_DOMAIN_CHARACTERS, MAX_LABEL_CHARACTERS = 253, 63
"""RFC 1035, section 2.3.4, of the ASCII form."""
ASCII_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+")
"""RFC 5322, section 3.2.3. Quoted local parts are allowed there too, but nobody has one."""
ASCII_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)


def normalize_email(typed: str) -> str:
    """Bring an address into the one form that is stored: trimmed, case-folded, composed (NFC).

    Raises:
        Invalid: It has not the form of an address, or is too long (field email).
    """
    email = unicodedata.normalize("NFC", typed.strip().casefold())
    if EMAIL.fullmatch(email) is None:
        raise Invalid("This is not an e-mail address.", code="invalid", field="email")
    if len(email) > MAX_EMAIL_CHARACTERS:
        raise Invalid(
            f"An e-mail address has at most {MAX_EMAIL_CHARACTERS} characters.", code="invalid", field="email"
        )
    return email


def check_deliverable(email: str) -> None:
    """Refuse an address of a new account that no mail could reach.

    Args:
        email: Normalized. International addresses (RFC 6531) are accepted.

    Raises:
        Invalid: It is not like name@example.org (field email).
    """
    local, _, domain = email.rpartition("@")
    if not (_is_local_part(local) and _is_domain(domain)):
        raise Invalid("This is not an e-mail address like name@example.org.", code="invalid", field="email")


def ascii_domain(domain: str) -> str:
    """The ASCII form of a domain, as DNS and mail servers take it.

    Raises:
        ValueError: The domain has none.
    """
    return ".".join(label if label.isascii() else label.encode("idna").decode() for label in domain.split("."))


def _is_local_part(local: str) -> bool:
    return 0 < len(local.encode()) <= MAX_LOCAL_BYTES and all(_is_atom(atom) for atom in local.split("."))


def _is_atom(atom: str) -> bool:
    """ASCII characters must be in the RFC's list; others must be printable and no blank."""
    return bool(atom) and all(
        ASCII_ATOM.fullmatch(letter) if letter.isascii() else letter.isprintable() for letter in atom
    )


def _is_domain(domain: str) -> bool:
    """At least two labels, of which the last is no number: neither a bare host name nor an IP address."""
    if not all(letter.isascii() or unicodedata.category(letter)[0] in "LMN" for letter in domain):
        return False  # IDNA would drop some of these, and take others for a dot
    try:
        labels = ascii_domain(domain).split(".")
    except ValueError:  # UnicodeError is one: a label that is empty, too long, or has forbidden characters
        return False
    if len(labels) < 2 or len(".".join(labels)) > MAX_DOMAIN_CHARACTERS:  # noqa: PLR2004 - a name and what it lies in
        return False
    last = labels[-1]
    return all(map(_is_label, labels)) and not last.isdigit() and len(last) > 1


def _is_label(label: str) -> bool:
    return len(label) <= MAX_LABEL_CHARACTERS and ASCII_LABEL.fullmatch(label) is not None
