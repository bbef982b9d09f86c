"""A person's account and the sessions in which it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from zoneinfo import available_timezones

from chalicelib.accounts.api_tokens import Scope
from chalicelib.accounts.mail_links import MailLink, Purpose
from chalicelib.accounts.second_factor import SecondFactor
from chalicelib.core.currencies import CODES
from chalicelib.core.errors import Invalid
from chalicelib.core.identifiers import constant_time_equal, digest, is_family_secret, new_family_secret, new_secret
from chalicelib.core.retention import DEFAULT_DAYS, Retention
from chalicelib.core.times import DAY_MS, MINUTE_MS

SESSION_MS = 30 * DAY_MS
"""A browser that has not been used for this long has to log in again."""
SESSION_TOKEN_MS = 15 * MINUTE_MS
"""The life of one session token; the refresh token gets the next."""
REFRESH_TOKEN = re.compile(r"([0-9a-f]{20})\.[A-Za-z0-9_-]{43}")
"""A session's id and a secret, as identity.new_id and identity.new_secret make them."""
NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
NO_FOLDERS = ("posix/", "right/")
"""Files beside the zones of a tz database: this machine's own zone, its rules, a place-holder, copies. Browsers do not
know most of them, and on another machine the first ones are another zone."""
DECIMALS = 6
"""How exactly a tariff and an emission factor are kept: a millionth of a cent is nobody's money."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person. user_id is what all else hangs on; closed_at_ms is set while a deletion is under way.

    known_places are where the person has logged in from, and when last (known_places.py).
    confirmed_at_ms is when the person followed a link that was mailed to the address; None before that, and for
    accounts older than confirmations. The links are those that were mailed last and not used yet.
    """

    email: str
    user_id: str
    password_hash: str
    created_at_ms: int
    currency: str = "EUR"
    tariff_per_kwh: float = 0.30
    grams_co2_per_kwh: float = 380.0
    timezone: str = "UTC"
    raw_retention_days: int = DEFAULT_DAYS
    closed_at_ms: int | None = None
    known_places: Mapping[str, int] = field(default_factory=dict)
    confirmed_at_ms: int | None = None
    confirm_link: MailLink | None = None
    reset_link: MailLink | None = None
    second_factor: SecondFactor | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the address is the person's for sure."""
        return self.confirmed_at_ms is not None

    @property
    def has_second_factor(self) -> bool:
        """Whether log-in asks for a code."""
        return self.second_factor is not None and self.second_factor.is_on

    @property
    def recovery_codes_left(self) -> int:
        """How many recovery codes were not used yet."""
        return len(self.second_factor.recovery_sha256) if self.second_factor else 0

    def link(self, purpose: Purpose) -> MailLink | None:
        """The link for a purpose that waits to be used."""
        return self.confirm_link if purpose == "confirm" else self.reset_link

    @property
    def retention(self) -> Retention:
        """That of a new device."""
        return Retention(self.raw_retention_days, before_days=self.raw_retention_days)


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """New settings of an account; None leaves one as it is.

    Raises:
        Invalid: An unknown currency or timezone.
    """

    currency: str | None = None
    tariff_per_kwh: float | None = None
    grams_co2_per_kwh: float | None = None
    timezone: str | None = None
    raw_retention_days: int | None = None

    def __post_init__(self) -> None:
        """Only currencies of ISO 4217 and zones of the tz database are known."""
        if self.currency is not None and self.currency not in CODES:
            raise Invalid("This is no currency code of ISO 4217, like EUR.", code="invalid", field="currency")
        if self.timezone is not None and self.timezone not in _timezones():
            raise Invalid(
                "This is no timezone of the tz database, like Europe/Berlin.", code="invalid", field="timezone"
            )


@cache
def _timezones() -> set[str]:
    return {zone for zone in available_timezones() if zone not in NO_ZONES and not zone.startswith(NO_FOLDERS)}


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in on one browser: a family of refresh tokens, of which only the newest is good.

    family seals its refresh tokens, so that each former one is known however old it is; it opens nothing. A session of
    before there were families has none until its next refresh, and then keeps the digest of the token it had.
    With a token_name it is an API token instead (api_tokens.py); refresh_sha256 is then the digest of that.
    """

    session_id: str
    user_id: str
    email: str
    created_at_ms: int
    last_used_at_ms: int
    expires_at_ms: int
    refresh_sha256: str
    user_agent: str
    token_name: str | None = None
    scope: Scope = "read"
    family: str | None = None
    former_sha256: str | None = None

    @property
    def is_api_token(self) -> bool:
        """Whether it is a program's."""
        return self.token_name is not None

    def expired(self, now_ms: int) -> bool:
        """Whether its time is over."""
        return now_ms >= self.expires_at_ms

    def has_token(self, token: str) -> bool:
        """Whether this is its newest refresh token."""
        return constant_time_equal(refresh_digest(token), self.refresh_sha256)

    def had_token(self, token: str) -> bool:
        """Whether this was a refresh token of it, and no guess: one that is shown again is in two hands."""
        if self.former_sha256 is not None and constant_time_equal(refresh_digest(token), self.former_sha256):
            return True
        secret = token.partition(".")[2]
        return (
            self.family is not None
            and is_family_secret(secret, self.family)
            and session_id_of(token) == self.session_id
        )

    def rotated(self, now_ms: int) -> tuple[Session, str]:
        """The session with its next refresh token, and that token."""
        family = self.family or new_secret()
        token = refresh_token(self.session_id, new_family_secret(family))
        before = self.refresh_sha256 if self.family is None else self.former_sha256
        session = replace(
            self,
            refresh_sha256=refresh_digest(token),
            last_used_at_ms=now_ms,
            expires_at_ms=now_ms + SESSION_MS,
            family=family,
            former_sha256=before,
        )
        return session, token


def refresh_token(session_id: str, secret: str) -> str:
    """The token that a browser keeps: it names its session, so that one read finds it."""
    return f"{session_id}.{secret}"


def session_id_of(token: str) -> str | None:
    """The session that a refresh token names, None if it is no token of ours."""
    shape = REFRESH_TOKEN.fullmatch(token)
    return None if shape is None else shape.group(1)


def refresh_digest(token: str) -> str:
    """What is stored of a refresh token."""
    return digest(token)
