"""JSON of accounts, sessions and API tokens."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from chalicelib.accounts.api_tokens import IssuedToken
from chalicelib.accounts.model import Account, AccountUpdate, Session
from chalicelib.accounts.sessions import Tokens
from chalicelib.core.schemas import HIGHEST_PRICE, Answer, Iso, Name, Part, Request
from chalicelib.core.scopes import Scope
from chalicelib.core.times import iso

Email = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=254,
        description="one @ with characters on both sides; blanks around it are trimmed",
        extra_json_schema={"pattern": r"^\s*[^@\s]+@[^@\s]+\s*$"},
    ),
]
NewEmail = Annotated[
    Email,
    msgspec.Meta(
        description="the domain has a dot", extra_json_schema={"pattern": r"^\s*[^@\s]+@[^@\s]+\.[^@\s.]{2,}\s*$"}
    ),
]
Password = Annotated[
    str,
    msgspec.Meta(
        min_length=8,
        max_length=256,
        description="no control characters; one that is easy to guess is refused (common_password)",
    ),
]
TypedPassword = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
TokenScope = Annotated[
    Scope,
    msgspec.Meta(
        description="read: the home's data; control: also switches outlets, gives feedback and opens the live WebSocket"
    ),
]
Currency = Annotated[str, msgspec.Meta(max_length=3, pattern=r"^[A-Z]{3}$", description="ISO 4217")]


Code = Annotated[
    str, msgspec.Meta(min_length=6, max_length=64, description="of the authenticator app, or a recovery code")
]


class SignUp(Request, frozen=True):
    email: NewEmail
    password: Password


class LogIn(Request, frozen=True):
    """The code is asked for with 401 code_required, once the password was right."""

    email: Email
    password: TypedPassword
    code: Code | None = None


class BeginTotp(Request, frozen=True):
    current_password: TypedPassword


class TotpSetup(Answer, frozen=True, kw_only=True):
    """The secret for the authenticator app: as text, as an address, and that as the rows of a QR code (1 is dark)."""

    secret: str
    uri: str
    qr: list[str]


class FinishTotp(Request, frozen=True):
    code: Code


class RecoveryCodes(Answer, frozen=True, kw_only=True):
    """Each opens the account once, in place of a code of the app; they are shown here and never again."""

    recovery_codes: list[str]


class EndTotp(Request, frozen=True):
    current_password: TypedPassword
    code: Code


class Refresh(Request, frozen=True):
    """The token may come in the body or in the page's HttpOnly cookie."""

    refresh_token: str | None = None


class SessionAnswer(Answer, frozen=True, kw_only=True):
    session_token: str
    refresh_token: str
    expires_at: Iso


LinkToken = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000, description="from the link that was mailed")]


class ConfirmAddress(Request, frozen=True):
    token: LinkToken


class ResetPassword(Request, frozen=True):
    """Either the e-mail address, to which a link is mailed then; or the token of that link and a new password."""

    email: Email | None = None
    token: LinkToken | None = None
    new_password: Password | None = None


class ChangeAccount(Request, frozen=True):
    """Settings, or a new password together with the current one."""

    currency: Currency | None = None
    tariff_per_kwh: Annotated[float, msgspec.Meta(ge=0, le=HIGHEST_PRICE)] | None = None
    grams_co2_per_kwh: Annotated[float, msgspec.Meta(ge=0, le=10_000)] | None = msgspec.field(
        default=None, name="gramsCo2PerKwh"
    )
    timezone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    raw_retention_days: Annotated[int, msgspec.Meta(ge=7, le=400)] | None = None
    current_password: TypedPassword | None = None
    new_password: Password | None = None

    def account_update(self) -> AccountUpdate:
        """The new settings. Raises Invalid: currency, timezone."""
        return AccountUpdate(
            self.currency, self.tariff_per_kwh, self.grams_co2_per_kwh, self.timezone, self.raw_retention_days
        )


class AccountAnswer(Answer, frozen=True, kw_only=True):
    """email_confirmed: somebody followed the link that was mailed there; email_available: this place can mail one.

    totp: log-in asks for a code of an authenticator app.
    """

    email: str
    email_confirmed: bool
    email_available: bool
    totp: bool
    recovery_codes_left: int
    currency: str
    tariff_per_kwh: float
    grams_co2_per_kwh: float = msgspec.field(name="gramsCo2PerKwh")
    timezone: str
    raw_retention_days: int
    created_at: Iso


class MakeToken(Request, frozen=True):
    """A name tells the person which program has it; the scope, what it may do."""

    name: Name
    scope: TokenScope = "read"
    expires_in_days: Annotated[
        int, msgspec.Meta(ge=1, le=3650, description="over 400 days it needs currentPassword")
    ] = 365
    current_password: TypedPassword | None = None
    code: Code | None = None


class CloseAccount(Request, frozen=True):
    """The password, since this cannot be undone; with two-step log-in a code too."""

    current_password: TypedPassword
    code: Code | None = None


class TokenAnswer(Answer, frozen=True, kw_only=True):
    """The token is shown here and never again."""

    session_id: str
    name: str
    scope: TokenScope
    token: str
    expires_at: Iso


class SessionPart(Part, frozen=True, kw_only=True):
    """A log-in, which may do all, or an API token, which has a name; its last use is exact to a day."""

    session_id: str
    created_at: Iso
    last_used_at: Iso
    expires_at: Iso
    user_agent: str
    current: bool
    scope: Literal["all", "read", "control"]
    name: str | None


class SessionList(Answer, frozen=True, kw_only=True):
    sessions: list[SessionPart]


def session_answer(tokens: Tokens) -> SessionAnswer:
    """The tokens of a session that began or was refreshed."""
    return SessionAnswer(
        session_token=tokens.session_token,
        refresh_token=tokens.refresh_token,
        expires_at=iso(tokens.expires_at_ms),
    )


def account_answer(account: Account, *, email_available: bool) -> AccountAnswer:
    """An account; `email_available`: this installation can mail links."""
    return AccountAnswer(
        email=account.email,
        email_confirmed=account.is_confirmed,
        email_available=email_available,
        totp=account.has_second_factor,
        recovery_codes_left=account.recovery_codes_left,
        currency=account.currency,
        tariff_per_kwh=account.tariff_per_kwh,
        grams_co2_per_kwh=account.grams_co2_per_kwh,
        timezone=account.timezone,
        raw_retention_days=account.raw_retention_days,
        created_at=iso(account.created_at_ms),
    )


def session_part(session: Session, current_id: str) -> SessionPart:
    """A session or API token in the list of a person; `current_id` is the session that asks."""
    return SessionPart(
        session_id=session.session_id,
        created_at=iso(session.created_at_ms),
        last_used_at=iso(session.last_used_at_ms),
        expires_at=iso(session.expires_at_ms),
        user_agent=session.user_agent,
        current=session.session_id == current_id,
        scope=session.scope if session.is_api_token else "all",
        name=session.token_name,
    )


def token_answer(name: str, issued: IssuedToken) -> TokenAnswer:
    """A new API token."""
    return TokenAnswer(
        session_id=issued.session.session_id,
        name=name,
        scope=issued.session.scope,
        token=issued.token,
        expires_at=iso(issued.session.expires_at_ms),
    )
