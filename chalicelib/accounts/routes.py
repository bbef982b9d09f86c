"""Routes of accounts and sessions."""

from __future__ import annotations

import logging
from typing import Any

from chalice.app import Blueprint

from chalicelib.accounts import (
    account_mail,
    qr_code,
    sessions,
    throttle,
)
from chalicelib.accounts import known_browser_cookie as known_browser
from chalicelib.accounts import (
    mail_link_service as mail_links,
)
from chalicelib.accounts import schemas as wire
from chalicelib.accounts import (
    second_factor_service as second_factor,
)
from chalicelib.accounts import service as accounts
from chalicelib.accounts.model import SESSION_MS, Account, AccountUpdate, Session
from chalicelib.accounts.sessions import Tokens
from chalicelib.accounts.totp import uri
from chalicelib.core.errors import Conflict, GhostwattError, Invalid
from chalicelib.core.http import Call, Reply, Who, route
from chalicelib.core.origins import Site
from chalicelib.core.schemas import Done
from chalicelib.core.settings import settings
from chalicelib.core.times import iso
from chalicelib.exports import service as exports

LOG = logging.getLogger("ghostwatt.accounts")
blueprint = Blueprint(__name__)
COOKIE = "refresh"


@route(blueprint, "POST", "/account/signup", body=wire.SignUp, answers=wire.SessionAnswer, status=201, uses_cookie=True)
def sign_up(call: Call[wire.SignUp]) -> Reply:
    """Make an account and log in"""
    throttle.take(settings().limits.sign_ups, f"sign-up#{call.address_bucket}", call.now_ms)
    body, address = call.body, call.address_bucket
    tokens = accounts.sign_up(body.email, body.password, _user_agent(call), call.now_ms, address)
    if account_mail.is_available():
        try:
            account_mail.ask("confirm", body.email, address, call.now_ms)
        except GhostwattError as error:  # the account is there; the page offers to send the link again
            LOG.warning("no confirmation was mailed: %s", error.code)
    return _session_reply(call, tokens)


@route(blueprint, "POST", "/account/login", body=wire.LogIn, answers=wire.SessionAnswer, uses_cookie=True)
def log_in(call: Call[wire.LogIn]) -> Reply:
    """Log in; an unknown address is answered like a wrong password"""
    tokens = accounts.log_in(
        call.body.email,
        call.body.password,
        _user_agent(call),
        call.address_bucket,
        call.now_ms,
        code=call.body.code,
        browser=known_browser.token_of(call.headers),
        refresh_token=_cookie(call),
    )
    return known_browser.kept(_session_reply(call, tokens), tokens.browser_token)


@route(
    blueprint,
    "POST",
    "/account/refresh",
    body=wire.Refresh,
    answers=wire.SessionAnswer,
    body_optional=True,
    uses_cookie=True,
)
def refresh(call: Call[wire.Refresh]) -> Reply:
    """Spend a refresh token, from the body or the page's cookie; one spent twice ends the session"""
    token = call.body.refresh_token
    return _session_reply(call, sessions.refresh(_cookie(call) if token is None else token, call.now_ms))


@route(blueprint, "POST", "/account/confirm", body=wire.ConfirmAddress, answers=Done)
def confirm_address(call: Call[wire.ConfirmAddress]) -> Done:
    """Confirm an e-mail address, with the token of the link that was mailed there; it works once"""
    mail_links.confirm_address(call.body.token, call.now_ms)
    return Done(message="confirmed")


@route(blueprint, "POST", "/account/confirm/resend", answers=Done, status=202, who=Who.SESSION)
def resend_confirmation(call: Call[None]) -> Done:
    """Mail the link that confirms your address again"""
    account = accounts.of_session(call.session)
    if account.is_confirmed:
        raise Conflict("Your address is confirmed already.", code="already_confirmed")
    account_mail.ask("confirm", account.email, call.address_bucket, call.now_ms)
    return Done(message="the link will be mailed")


@route(blueprint, "POST", "/account/reset", body=wire.ResetPassword, answers=Done, status=202, other_status=200)
def reset_password(call: Call[wire.ResetPassword]) -> Reply:
    """Mail a link for a new password, whether there is an account or not; or set it, with the token of that link"""
    body = call.body
    if body.token is None and body.new_password is None and body.email is not None:
        account_mail.ask("reset", body.email, call.address_bucket, call.now_ms)
        return Reply(Done(message="if there is an account of this address, a link will be mailed to it"))
    if body.email is not None or body.token is None or body.new_password is None:
        missing = "email" if body.token is None else "newPassword"
        raise Invalid("Send an email; or a token and a newPassword.", code="required", field=missing)
    exports.withdraw_exports(mail_links.reset_password(body.token, body.new_password, call.now_ms))
    return Reply(Done(message="the password is changed; all sessions and tokens have ended"), status=200)


@route(blueprint, "POST", "/account/logout", answers=Done, who=Who.SESSION, uses_cookie=True)
def log_out(call: Call[None]) -> Reply:
    """End this session"""
    sessions.end(call.session)
    return Reply(Done(message="logged out"), _set_cookie(call, "", max_age_seconds=0))


@route(blueprint, "GET", "/account", answers=wire.AccountAnswer, who=Who.SESSION)
def get_account(call: Call[None]) -> wire.AccountAnswer:
    """Your account and its settings"""
    return _answer(accounts.of_session(call.session))


@route(blueprint, "PATCH", "/account", body=wire.ChangeAccount, answers=wire.AccountAnswer, who=Who.SESSION)
def change_account(call: Call[wire.ChangeAccount]) -> wire.AccountAnswer:
    """Change settings, or the password, which ends all other sessions"""
    body = call.body
    choices = AccountUpdate(
        body.currency, body.tariff_per_kwh, body.grams_co2_per_kwh, body.timezone, body.raw_retention_days
    )
    if body.current_password is not None and body.new_password is not None:
        accounts.change_password(call.session, body.current_password, body.new_password, call.now_ms)
        exports.withdraw_exports(call.owner_id)
    elif body.current_password is not None or body.new_password is not None:
        missing = "newPassword" if body.new_password is None else "currentPassword"
        raise Invalid("A new password needs the current one with it.", code="required", field=missing)
    return _answer(accounts.change(call.session, choices, call.now_ms))


@route(
    blueprint,
    "DELETE",
    "/account",
    body=wire.CloseAccount,
    answers=Done,
    status=202,
    who=Who.SESSION,
    uses_cookie=True,
)
def close_account(call: Call[wire.CloseAccount]) -> Reply:
    """Delete your account, with your password: unusable at once, all data within a day"""
    accounts.close(call.session, call.body.current_password, call.now_ms, call.body.code)
    exports.withdraw_exports(call.owner_id)
    cleared = _set_cookie(call, "", max_age_seconds=0)
    return Reply(Done(message="closed; your data will be deleted within a day"), cleared)


@route(blueprint, "POST", "/account/totp", body=wire.BeginTotp, answers=wire.TotpSetup, who=Who.SESSION)
def begin_totp(call: Call[wire.BeginTotp]) -> wire.TotpSetup:
    """Begin to set up two-step log-in: a secret for the authenticator app"""
    account = accounts.confirm_password(call.session, call.body.current_password, call.now_ms)
    secret = second_factor.begin(account).secret
    address = uri(secret, account.email)
    return wire.TotpSetup(secret=secret, uri=address, qr=qr_code.rows(address))


@route(blueprint, "POST", "/account/totp/confirm", body=wire.FinishTotp, answers=wire.RecoveryCodes, who=Who.SESSION)
def finish_totp(call: Call[wire.FinishTotp]) -> wire.RecoveryCodes:
    """Switch two-step log-in on with a first code; the answer has the recovery codes, once"""
    account = accounts.of_session(call.session)
    return wire.RecoveryCodes(recovery_codes=second_factor.finish(account, call.body.code, call.now_ms))


@route(blueprint, "DELETE", "/account/totp", body=wire.EndTotp, answers=Done, who=Who.SESSION)
def end_totp(call: Call[wire.EndTotp]) -> Done:
    """Switch two-step log-in off, with the password and a code"""
    body = call.body
    accounts.confirm_person(call.session, body.current_password, body.code, call.now_ms)
    second_factor.end(accounts.of_session(call.session))
    return Done(message="two-step log-in is off")


@route(blueprint, "GET", "/account/sessions", answers=wire.SessionList, who=Who.SESSION)
def list_sessions(call: Call[None]) -> wire.SessionList:
    """Where you are logged in, the session used last first"""
    alive = sessions.of_user(call.session.user_id, call.now_ms)
    return wire.SessionList(sessions=[_part(session, call.session.session_id) for session in alive])


@route(blueprint, "DELETE", "/account/sessions", answers=Done, who=Who.SESSION)
def end_other_sessions(call: Call[None]) -> Done:
    """Log out everywhere else, and end all API tokens"""
    sessions.end_others(call.session)
    return Done(message="ended all other sessions")


@route(blueprint, "DELETE", "/account/sessions/{session_id}", answers=Done, who=Who.SESSION)
def end_session(call: Call[None], session_id: str) -> Done:
    """End one session, or one API token"""
    sessions.end_one(call.session.user_id, session_id)
    return Done(message="ended")


@route(blueprint, "POST", "/account/token", body=wire.MakeToken, answers=wire.TokenAnswer, status=201, who=Who.SESSION)
def make_token(call: Call[wire.MakeToken]) -> wire.TokenAnswer:
    """Make an API token for a program: it reads the home, or with the scope control also switches outlets"""
    body = call.body
    issued, token = accounts.make_token(
        call.session,
        body.name,
        body.scope,
        body.expires_in_days,
        call.now_ms,
        current_password=body.current_password,
        code=body.code,
    )
    return wire.TokenAnswer(
        session_id=issued.session_id,
        name=body.name,
        scope=body.scope,
        token=token,
        expires_at=iso(issued.expires_at_ms),
    )


def _answer(account: Account) -> wire.AccountAnswer:
    return wire.AccountAnswer(
        email=account.email,
        email_confirmed=account.is_confirmed,
        email_available=account_mail.is_available(),
        totp=account.has_second_factor,
        recovery_codes_left=account.recovery_codes_left,
        currency=account.currency,
        tariff_per_kwh=account.tariff_per_kwh,
        grams_co2_per_kwh=account.grams_co2_per_kwh,
        timezone=account.timezone,
        raw_retention_days=account.raw_retention_days,
        created_at=iso(account.created_at_ms),
    )


def _part(session: Session, current_id: str) -> wire.SessionPart:
    return wire.SessionPart(
        session_id=session.session_id,
        created_at=iso(session.created_at_ms),
        last_used_at=iso(session.last_used_at_ms),
        expires_at=iso(session.expires_at_ms),
        user_agent=session.user_agent,
        current=session.session_id == current_id,
        scope=session.scope if session.is_api_token else "all",
        name=session.token_name,
    )


def _session_reply(call: Call[Any], tokens: Tokens) -> Reply:
    answer = wire.SessionAnswer(
        session_token=tokens.session_token,
        refresh_token=tokens.refresh_token,
        expires_at=iso(tokens.expires_at_ms),
    )
    return Reply(answer, _set_cookie(call, tokens.refresh_token, max_age_seconds=SESSION_MS // 1_000))


def _set_cookie(call: Call[Any], token: str, max_age_seconds: int) -> dict[str, str]:
    """The page's cookie: out of reach of scripts and of other sites, and sent to these routes only.

    The origin that CORS allows gets none: a cookie of this site in its calls would be somebody else's session.
    """
    if call.site is not Site.OWN:
        return {}
    secure = "" if settings().public_url.startswith("http://") else "; Secure"
    value = f"{COOKIE}={token}; Path=/api/account; Max-Age={max_age_seconds}; HttpOnly; SameSite=Strict{secure}"
    return {"Set-Cookie": value}


def _cookie(call: Call[Any]) -> str:
    """The refresh token in the page's cookie, "" without one; calls from elsewhere cannot spend it."""
    sent = call.headers.get("cookie", "") if call.site is Site.OWN else ""
    pairs = (pair.strip().partition("=") for pair in sent.split(";"))
    return next((token for name, _, token in pairs if name == COOKIE), "")


def _user_agent(call: Call[Any]) -> str:
    return call.headers.get("user-agent", "")
