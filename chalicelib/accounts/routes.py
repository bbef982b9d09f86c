"""Routes of accounts, sessions and API tokens."""

from __future__ import annotations

import logging
from typing import Any

from chalice.app import Blueprint

from chalicelib.accounts import api_tokens, mail_links, schemas, second_factor, service, sessions
from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.cookies import browser_token_of, cleared_session_cookie, refresh_token_of, session_cookies
from chalicelib.accounts.model import Account
from chalicelib.accounts.second_factor import totp_uri
from chalicelib.accounts.sessions import Tokens
from chalicelib.core import shared_limits
from chalicelib.core.authentication import Call
from chalicelib.core.email_addresses import normalize_email
from chalicelib.core.errors import Conflict, GhostwattError, Invalid
from chalicelib.core.http import route
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import Done
from chalicelib.core.settings import settings
from chalicelib.deletion.service import close_account_of_session, finish_closing
from chalicelib.devices.service import set_raw_retention
from chalicelib.exports.service import withdraw_exports

LOG = logging.getLogger("ghostwatt.accounts")
blueprint = Blueprint(__name__)


@route(
    blueprint,
    "POST",
    "/account/signup",
    body=schemas.SignUp,
    answers=schemas.SessionAnswer,
    status=201,
    uses_cookie=True,
)
def sign_up(call: Call[schemas.SignUp]) -> Reply:
    """Sign up

    Makes an account and logs in.
    """
    shared_limits.take(settings().limits.sign_ups, f"sign-up#{call.address_bucket}", call.now_ms)
    body, address = call.body, call.address_bucket
    finish_closing(normalize_email(body.email), call.now_ms)
    tokens = service.sign_up(body.email, body.password, _user_agent(call), call.now_ms, address)
    if mail_links.can_send_links():
        try:
            mail_links.request_link("confirm", body.email, address, call.now_ms)
        except GhostwattError as error:  # the account exists; the page offers to send the link again
            LOG.warning("no confirmation was mailed: %s", error.code)
    return _session_reply(call, tokens)


@route(blueprint, "POST", "/account/login", body=schemas.LogIn, answers=schemas.SessionAnswer, uses_cookie=True)
def log_in(call: Call[schemas.LogIn]) -> Reply:
    """Log in

    An unknown address and a wrong password get the same answer. An account with two-step log-in needs a code too.
    """
    tokens = service.log_in(
        call.body.email,
        call.body.password,
        _user_agent(call),
        call.address_bucket,
        call.now_ms,
        code=call.body.code,
        browser_token=browser_token_of(call),
        refresh_token=refresh_token_of(call),
    )
    return _session_reply(call, tokens)


@route(
    blueprint,
    "POST",
    "/account/refresh",
    body=schemas.Refresh,
    answers=schemas.SessionAnswer,
    body_optional=True,
    uses_cookie=True,
)
def refresh(call: Call[schemas.Refresh]) -> Reply:
    """Refresh a session

    Spends the refresh token of the body or of the page's cookie, and answers new tokens. A token that is spent twice
    ends the session.
    """
    token = call.body.refresh_token
    return _session_reply(
        call, sessions.refresh_session(refresh_token_of(call) if token is None else token, call.now_ms)
    )


@route(blueprint, "POST", "/account/confirm", body=schemas.ConfirmAddress, answers=Done)
def confirm_address(call: Call[schemas.ConfirmAddress]) -> Done:
    """Confirm an e-mail address

    Takes the token of the link that was mailed to the address; it works once.
    """
    mail_links.confirm_address(call.body.token, call.now_ms)
    return Done(message="confirmed")


@route(blueprint, "POST", "/account/confirm/resend", answers=Done, status=202, who=SESSION)
def resend_confirmation(call: SessionCall[None]) -> Done:
    """Resend the confirmation mail

    Mails the link that confirms your address again.
    """
    account = service.get_account(call.session)
    if account.is_confirmed:
        raise Conflict("Your address is confirmed already.", code="already_confirmed")
    mail_links.request_link("confirm", account.email, call.address_bucket, call.now_ms)
    return Done(message="the link will be mailed")


@route(blueprint, "POST", "/account/reset", body=schemas.ResetPassword, answers=Done, status=202, other_status=200)
def reset_password(call: Call[schemas.ResetPassword]) -> Reply:
    """Reset a password

    Mails a link for a new password, whether the account exists or not; or sets the password, given the token of that
    link.
    """
    body = call.body
    if body.token is None and body.new_password is None and body.email is not None:
        mail_links.request_link("reset", body.email, call.address_bucket, call.now_ms)
        return Reply(Done(message="if there is an account of this address, a link will be mailed to it"))
    if body.email is not None or body.token is None or body.new_password is None:
        missing = "email" if body.token is None else "newPassword"
        raise Invalid("Send an email; or a token and a newPassword.", code="required", field=missing)
    withdraw_exports(mail_links.reset_password(body.token, body.new_password, call.now_ms))
    return Reply(Done(message="the password is changed; all sessions and tokens have ended"), status=200)


@route(blueprint, "POST", "/account/logout", answers=Done, who=SESSION, uses_cookie=True)
def log_out(call: SessionCall[None]) -> Reply:
    """Log out

    Ends this session.
    """
    sessions.end_session(call.session)
    return Reply(Done(message="logged out"), cleared_session_cookie(call))


@route(blueprint, "GET", "/account", answers=schemas.AccountAnswer, who=SESSION)
def get_account(call: SessionCall[None]) -> schemas.AccountAnswer:
    """Get your account

    Answers your account and its settings.
    """
    return _account_answer(service.get_account(call.session))


@route(blueprint, "PATCH", "/account", body=schemas.ChangeAccount, answers=schemas.AccountAnswer, who=SESSION)
def change_account(call: SessionCall[schemas.ChangeAccount]) -> schemas.AccountAnswer:
    """Update your account

    Changes settings, or the password. A new password ends all other sessions.
    """
    body = call.body
    update = body.account_update()
    if body.current_password is not None and body.new_password is not None:
        service.change_password(call.session, body.current_password, body.new_password, call.now_ms)
        withdraw_exports(call.owner_id)
    elif body.current_password is not None or body.new_password is not None:
        missing = "newPassword" if body.new_password is None else "currentPassword"
        raise Invalid("Send your current password with the new one.", code="required", field=missing)
    account = service.update_account(call.session, update)
    if update.raw_retention_days is not None:
        set_raw_retention(account.user_id, update.raw_retention_days, call.now_ms)
    return _account_answer(account)


@route(
    blueprint,
    "DELETE",
    "/account",
    body=schemas.CloseAccount,
    answers=Done,
    status=202,
    who=SESSION,
    uses_cookie=True,
)
def close_account(call: SessionCall[schemas.CloseAccount]) -> Reply:
    """Delete your account

    Takes your password. The account is unusable at once, and all data is deleted within a day.
    """
    close_account_of_session(call.session, call.body.current_password, call.now_ms, call.body.code)
    withdraw_exports(call.owner_id)
    return Reply(Done(message="closed; your data will be deleted within a day"), cleared_session_cookie(call))


@route(blueprint, "POST", "/account/totp", body=schemas.BeginTotp, answers=schemas.TotpSetup, who=SESSION)
def begin_totp(call: SessionCall[schemas.BeginTotp]) -> schemas.TotpSetup:
    """Begin to set up two-step log-in

    Answers a secret for the authenticator app.
    """
    account = service.confirm_password(call.session, call.body.current_password, call.now_ms)
    secret = second_factor.begin_second_factor(account)
    uri = totp_uri(secret, account.email)
    return schemas.TotpSetup(secret=secret, uri=uri, qr=second_factor.qr_rows(uri))


@route(blueprint, "POST", "/account/totp/confirm", body=schemas.FinishTotp, answers=schemas.RecoveryCodes, who=SESSION)
def finish_totp(call: SessionCall[schemas.FinishTotp]) -> schemas.RecoveryCodes:
    """Switch on two-step log-in

    Takes a first code of the app. The answer shows the recovery codes, once.
    """
    account = service.get_account(call.session)
    codes = second_factor.finish_second_factor(account, call.body.code, call.now_ms)
    return schemas.RecoveryCodes(recovery_codes=codes)


@route(blueprint, "DELETE", "/account/totp", body=schemas.EndTotp, answers=Done, who=SESSION)
def end_totp(call: SessionCall[schemas.EndTotp]) -> Done:
    """Switch off two-step log-in

    Takes the password and a code.
    """
    body = call.body
    service.confirm_person(call.session, body.current_password, body.code, call.now_ms)
    second_factor.remove_second_factor(service.get_account(call.session))
    return Done(message="two-step log-in is off")


@route(blueprint, "GET", "/account/sessions", answers=schemas.SessionList, who=SESSION)
def list_sessions(call: SessionCall[None]) -> schemas.SessionList:
    """List sessions

    Answers where you are logged in; the session that was used last comes first.
    """
    active = sessions.list_sessions(call.session.user_id, call.now_ms)
    return schemas.SessionList(sessions=[schemas.session_part(session, call.session.session_id) for session in active])


@route(blueprint, "DELETE", "/account/sessions", answers=Done, who=SESSION)
def end_other_sessions(call: SessionCall[None]) -> Done:
    """End all other sessions

    Logs you out everywhere else, and ends all API tokens.
    """
    sessions.end_other_sessions(call.session)
    return Done(message="ended all other sessions")


@route(blueprint, "DELETE", "/account/sessions/{session_id}", answers=Done, who=SESSION)
def end_session(call: SessionCall[None], session_id: str) -> Done:
    """End a session

    Ends one session, or one API token.
    """
    sessions.end_own_session(call.session.user_id, session_id)
    return Done(message="ended")


@route(
    blueprint, "POST", "/account/token", body=schemas.MakeToken, answers=schemas.TokenAnswer, status=201, who=SESSION
)
def make_token(call: SessionCall[schemas.MakeToken]) -> schemas.TokenAnswer:
    """Create an API token

    A program with the token reads the home; with the scope control it also switches outlets.
    """
    body = call.body
    issued = api_tokens.create_api_token(
        call.session,
        body.name,
        body.scope,
        body.expires_in_days,
        call.now_ms,
        current_password=body.current_password,
        code=body.code,
    )
    return schemas.token_answer(body.name, issued)


def _account_answer(account: Account) -> schemas.AccountAnswer:
    return schemas.account_answer(account, email_available=mail_links.can_send_links())


def _session_reply(call: Call[Any], tokens: Tokens) -> Reply:
    return Reply(schemas.session_answer(tokens), session_cookies(call, tokens.refresh_token, tokens.browser_token))


def _user_agent(call: Call[Any]) -> str:
    return call.headers.get("user-agent", "")
