"""A person's account, its second factor and links by mail, and the sessions in which it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from chalicelib.accounts.retention import DEFAULT_DAYS, Retention
from chalicelib.core.errors import Invalid
from chalicelib.core.identifiers import constant_time_equal, digest, is_family_secret, new_family_secret, new_secret
from chalicelib.core.scopes import Scope
from chalicelib.core.times import DAY_MS, MINUTE_MS

SESSION_MS = 30 * DAY_MS
"""A browser that has not been used for this long has to log in again."""
SESSION_TOKEN_MS = 15 * MINUTE_MS
"""The life of one session token; the refresh token gets the next."""
REFRESH_TOKEN = re.compile(r"([0-9a-f]{20})\.[A-Za-z0-9_-]{43}")
"""A session's id and a secret, as new_id and new_secret make them."""
NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
NO_FOLDERS = ("posix/", "right/")
"""Files of a tz database that are no zones: this machine's own zone, its rules, a place-holder, copies. Browsers do not
know most of them, and some mean another zone on another machine."""
DECIMALS = 6
"""How exactly a tariff and an emission factor are kept."""
Purpose = Literal["confirm", "reset"]
"""What a link by mail is for."""
_ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
    GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD
    SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV
    WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_ISO_4217.split())
"""The currencies that prices may be in: the codes of ISO 4217, without those for tests (XTS) and for no currency (XXX).
ANG and BGN were withdrawn lately."""


@dataclass(frozen=True, slots=True)
class MailLink:
    """The stored form of a link that was mailed and not used yet."""

    sha256: str
    expires_at_ms: int

    def opens(self, token: str, now_ms: int) -> bool:
        """Whether a token is the link's and has not expired."""
        return constant_time_equal(digest(token), self.sha256) and now_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The stored state of two-step log-in.

    Attributes:
        secret: The app derives its codes from it; base32.
        is_on: Whether log-in asks for a code. Until a first code was right it is only being set up.
        last_step: The time step of the code that was used last: its code and all earlier ones are used up.
        recovery_sha256: The digests of the unused recovery codes.
    """

    secret: str
    is_on: bool = False
    last_step: int = 0
    recovery_sha256: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """A person.

    Attributes:
        email: Normalized; the key of the account.
        user_id: What all other data of the person refers to.
        password_hash: As hash_password made it.
        created_at_ms: Of the sign-up.
        currency: ISO 4217.
        tariff_per_kwh: In the currency.
        grams_co2_per_kwh: Emission factor.
        timezone: A zone of the tz database.
        raw_retention_days: How long raw readings are kept.
        closed_at_ms: Set while a deletion is under way.
        known_places: Digests of the addresses that the person logged in from, and when last (epoch ms).
        confirmed_at_ms: When the person followed a link that was mailed to the address. None before that, and for
            accounts older than confirmations.
        confirm_link: The confirmation link that was mailed last and not used yet.
        reset_link: The link for a new password that was mailed last and not used yet.
        second_factor: None without one.
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
        """Whether the address is known to be the person's."""
        return self.confirmed_at_ms is not None

    @property
    def has_second_factor(self) -> bool:
        """Whether log-in asks for a code."""
        return self.second_factor is not None and self.second_factor.is_on

    @property
    def recovery_codes_left(self) -> int:
        """The number of unused recovery codes."""
        return len(self.second_factor.recovery_sha256) if self.second_factor else 0

    def link(self, purpose: Purpose) -> MailLink | None:
        """The unused link for a purpose."""
        return self.confirm_link if purpose == "confirm" else self.reset_link

    @property
    def retention(self) -> Retention:
        """The retention of a new device."""
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
        """Check currency (ISO 4217) and timezone (tz database)."""
        if self.currency is not None and self.currency not in CURRENCIES:
            raise Invalid("This is not an ISO 4217 currency code, like EUR.", code="invalid", field="currency")
        if self.timezone is not None and self.timezone not in _timezones():
            raise Invalid(
                "This is not a timezone of the tz database, like Europe/Berlin.", code="invalid", field="timezone"
            )


@cache
def _timezones() -> set[str]:
    return {zone for zone in available_timezones() if zone not in NO_ZONES and not zone.startswith(NO_FOLDERS)}


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in on one browser, with a family of refresh tokens of which only the newest is valid; or an API token.

    Attributes:
        session_id: Random.
        user_id: The account's.
        email: The account's.
        created_at_ms: When it began.
        last_used_at_ms: Of an API token exact to a day.
        expires_at_ms: When it ends if it is not refreshed.
        refresh_sha256: Digest of the newest refresh token, or of the API token.
        user_agent: How the browser calls itself; "" of an API token.
        token_name: Set for an API token only.
        scope: Of an API token.
        family: The secret that seals the refresh tokens, so that a former token is recognized however old it is.
            None for sessions older than families, until their next refresh.
        former_sha256: Digest of the last refresh token that had no seal.
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
        """Whether it belongs to a program."""
        return self.token_name is not None

    def expired(self, now_ms: int) -> bool:
        """Whether it has ended by time."""
        return now_ms >= self.expires_at_ms

    def has_token(self, token: str) -> bool:
        """Whether a token is the newest refresh token."""
        return constant_time_equal(digest(token), self.refresh_sha256)

    def had_token(self, token: str) -> bool:
        """Whether a token is a former refresh token, and no guess: it is in two hands if it is shown again."""
        if self.former_sha256 is not None and constant_time_equal(digest(token), self.former_sha256):
            return True
        secret = token.partition(".")[2]
        return (
            self.family is not None
            and is_family_secret(secret, self.family)
            and refresh_token_session_id(token) == self.session_id
        )

    def rotated(self, now_ms: int) -> tuple[Session, str]:
        """Issue the next refresh token.

        Returns:
            The session as it is then, and the token.
        """
        family = self.family or new_secret()
        token = refresh_token(self.session_id, new_family_secret(family))
        before = self.refresh_sha256 if self.family is None else self.former_sha256
        session = replace(
            self,
            refresh_sha256=digest(token),
            last_used_at_ms=now_ms,
            expires_at_ms=now_ms + SESSION_MS,
            family=family,
            former_sha256=before,
        )
        return session, token


def refresh_token(session_id: str, secret: str) -> str:
    """The token that a browser keeps. It names its session, so that one read finds it."""
    return f"{session_id}.{secret}"


def refresh_token_session_id(token: str) -> str | None:
    """The id of the session that a refresh token names; None if the text is no refresh token."""
    match = REFRESH_TOKEN.fullmatch(token)
    return None if match is None else match.group(1)
