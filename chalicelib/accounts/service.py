"""What a person does with an account: sign up, log in, look, change, close."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.accounts import (
    api_token_service as api_tokens,
)
from chalicelib.accounts import api_tokens as tokens
from chalicelib.accounts import deletion_requests as purge
from chalicelib.accounts import deletion_store as purges
from chalicelib.accounts import (
    guess_limits as guesses,
)
from chalicelib.accounts import (
    known_browsers as browsers,
)
from chalicelib.accounts import (
    second_factor_service as second_factor,
)
from chalicelib.accounts import sessions, throttle
from chalicelib.accounts import store as users
from chalicelib.accounts.email_addresses import check_deliverable, normalize_email
from chalicelib.accounts.known_places import place, remembered
from chalicelib.accounts.model import Account, AccountUpdate, Session
from chalicelib.accounts.passwords import (
    check_password_strength,
    hash_password,
    needs_rehash,
    normalize_password,
    verify_password,
)
from chalicelib.accounts.sessions import Tokens
from chalicelib.core.dynamo import Transaction
from chalicelib.core.errors import Conflict, Invalid, Unauthenticated, Unavailable
from chalicelib.core.identifiers import new_id
from chalicelib.devices import service as devices

MOST_FAILURES_PER_ADDRESS = 100
"""Failed log-ins from one IP address in a window: a household or an office behind one router stays below."""


def sign_up(email: str, password: str, user_agent: str, now_ms: int, source_ip: str = "") -> Tokens:
    """A new account and its first session. Raises Conflict: email_taken; Invalid."""
    email, password = normalize_email(email), normalize_password(password)
    check_deliverable(email)
    check_password_strength(password, email, "password")
    before = users.load(email)
    if before is not None and before.closed_at_ms is None:
        raise _taken()
    if before is not None:
        _finish_closing(before, now_ms)
    user_id = new_id()
    known_places = remembered({}, place(user_id, source_ip), now_ms) if source_ip else {}
    account = Account(email, user_id, hash_password(password), created_at_ms=now_ms, known_places=known_places)
    write = Transaction()
    users.put_new(write, account)
    tokens = sessions.put_new(write, account, user_agent, now_ms)
    if not write.commit():
        raise _taken()
    return tokens


def _taken() -> Conflict:
    return Conflict("There is an account with this e-mail address.", code="email_taken", field="email")


def log_in(
    email: str,
    password: str,
    user_agent: str,
    source_ip: str,
    now_ms: int,
    *,
    code: str | None = None,
    browser: str = "",
    refresh_token: str = "",
) -> Tokens:
    """Begin a session.

    Args:
        email: As typed.
        password: As typed.
        user_agent: How the browser calls itself.
        source_ip: The client's address, as limits count it.
        now_ms: The time of now.
        code: Of the authenticator app, or a recovery code; None for none.
        browser: The token by which the browser shows that it logged in before; "" for none.
        refresh_token: What the browser's cookie holds of a session; "" for none.

    Raises:
        Unauthenticated: Alike, and as slowly, for a wrong password and for nobody's address. After the right password
            of an account with a second factor: no code (code_required), or a wrong one (wrong_code).
        TooMany: There were too many wrong passwords, or codes.
        Invalid: The address or the password cannot be one.
    """
    email, password = normalize_email(email), normalize_password(password)
    account = users.load_open(email)
    origin = guesses.Origin(source_ip, browser, refresh_token)
    attempt = guesses.begin(email, account, origin, MOST_FAILURES_PER_ADDRESS, now_ms)
    if not verify_password(account.password_hash if account else None, password) or account is None:
        raise Unauthenticated("The e-mail address or the password is wrong.", code="bad_credentials")
    attempt.was_right()
    try:
        second_factor.check(account, code, now_ms)
    except Invalid as error:
        raise Unauthenticated(error.message, code=error.code, field=error.field) from error
    write = Transaction()
    users.put_log_in(write, account, remembered(account.known_places, place(account.user_id, source_ip), now_ms))
    tokens = sessions.put_new(write, account, user_agent, now_ms)
    if not write.commit():
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)
    if needs_rehash(account.password_hash):
        users.save_password(account, hash_password(password))
    return replace(tokens, browser_token=browsers.issue(account.user_id, attempt.browser_id, now_ms))


def of_session(session: Session) -> Account:
    """The account that a session uses. Raises Unauthenticated when it is closed."""
    account = users.load_open(session.email)
    if account is None or account.user_id != session.user_id:
        raise _closed()
    return account


def _closed() -> Unauthenticated:
    return Unauthenticated("This account is closed.", code="bad_session")


def change(session: Session, choices: AccountUpdate, now_ms: int) -> Account:
    """Store what a person chose; returns the account as it is then. Raises Unauthenticated when it is closed."""
    account = users.save_choices(of_session(session), choices)
    if account is None:
        raise _closed()
    if choices.raw_retention_days is not None:
        devices.keep_raw(account.user_id, choices.raw_retention_days, now_ms)
    return account


def change_password(session: Session, current: str, new: str, now_ms: int) -> None:
    """Replace the password and end all other sessions. Raises Invalid: wrong_password, common_password; TooMany."""
    new = normalize_password(new, "newPassword")
    check_password_strength(new, session.email, "newPassword")
    account = confirm_password(session, current, now_ms)
    if not users.save_password(account, hash_password(new)):
        raise _wrong_password()
    sessions.end_others(session)


def confirm_password(session: Session, current: str, now_ms: int) -> Account:
    """Ask a person who is logged in for the password again: a stolen session alone may not do what cannot be undone.

    Returns:
        The account.

    Raises:
        Invalid: It is another password (code wrong_password).
        TooMany: It was wrong too often.
        Unauthenticated: The account is closed.
    """
    current = normalize_password(current, "currentPassword")
    account = of_session(session)
    throttle.count_and_check(f"password#{session.user_id}", now_ms)
    if not verify_password(account.password_hash, current):
        raise _wrong_password()
    throttle.forgive(f"password#{session.user_id}", now_ms)
    return account


def _wrong_password() -> Invalid:
    return Invalid("This is not your current password.", code="wrong_password", field="currentPassword")


def confirm_person(session: Session, current_password: str, code: str | None, now_ms: int) -> Account:
    """Ask for the password again, and for a code where the account has a second factor.

    Returns:
        The account.

    Raises:
        Invalid: wrong_password; code_required or wrong_code.
        TooMany: One of them was wrong too often.
        Unauthenticated: The account is closed.
    """
    account = confirm_password(session, current_password, now_ms)
    second_factor.check(account, code, now_ms)
    return account


def make_token(
    session: Session,
    name: str,
    scope: tokens.Scope,
    days: int,
    now_ms: int,
    *,
    current_password: str | None = None,
    code: str | None = None,
) -> tuple[Session, str]:
    """Make an API token. Raises Invalid: currentPassword or code, for one that is long-lived; Conflict; TooMany."""
    if days > tokens.LONG_LIVED_DAYS and current_password is None:
        message = f"A token that lives over {tokens.LONG_LIVED_DAYS} days needs your password."
        raise Invalid(message, code="required", field="currentPassword")
    if current_password is not None:
        confirm_person(session, current_password, code, now_ms)
    return api_tokens.issue(session, name, scope, days, now_ms)


def close(session: Session, current_password: str, now_ms: int, code: str | None = None) -> None:
    """Delete an account: unusable at once, with all its sessions and keys; the rest is purged by the schedule.

    The task comes first and is crossed out last: what a crash leaves half done, the schedule finishes.
    Raises Invalid: wrong_password, code_required, wrong_code; TooMany.
    """
    account = _half_closed(session) or confirm_person(session, current_password, code, now_ms)
    purges.add(_closing_task(account), now_ms)
    users.close(account, now_ms)
    _finish_closing(account, now_ms)
    sessions.end(session)


def _half_closed(session: Session) -> Account | None:
    """The account whose closing broke off, which was asked for with the password."""
    account = users.load(session.email)
    is_own = account is not None and account.user_id == session.user_id
    return account if account is not None and is_own and account.closed_at_ms is not None else None


def finish_closing(email: str, now_ms: int) -> None:
    """Do what is left of a closing that broke off; an open account stays as it is."""
    account = users.load(email)
    if account is not None and account.closed_at_ms is not None:
        _finish_closing(account, now_ms)


def _finish_closing(account: Account, now_ms: int) -> None:
    sessions.end_all(account.user_id)
    purge.close_account(account.user_id, now_ms)
    users.remove(account)
    purges.done(_closing_task(account))


def _closing_task(account: Account) -> str:
    return f"account#{account.email}"
