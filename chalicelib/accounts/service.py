"""Sign up, log in, and what a person does with the account; deletion/service.py closes it."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.accounts import store
from chalicelib.accounts.guess_limits import Origin, begin_attempt, place_digest, remember_place
from chalicelib.accounts.known_browsers import issue_browser_token
from chalicelib.accounts.model import Account, AccountUpdate, Session
from chalicelib.accounts.passwords import (
    check_password_strength,
    hash_password,
    needs_rehash,
    normalize_password,
    verify_password,
)
from chalicelib.accounts.second_factor import check_second_factor
from chalicelib.accounts.sessions import Tokens, end_other_sessions, put_new_session
from chalicelib.core import shared_limits
from chalicelib.core.dynamo import Transaction
from chalicelib.core.email_addresses import check_deliverable, normalize_email
from chalicelib.core.errors import Conflict, Invalid, Unauthenticated, Unavailable
from chalicelib.core.identifiers import new_id


def sign_up(email: str, password: str, user_agent: str, now_ms: int, source_ip: str = "") -> Tokens:
    """Create an account and its first session.

    Args:
        email: As typed.
        password: As typed.
        user_agent: How the browser calls itself.
        now_ms: The current time.
        source_ip: The client's address, as limits count it; "" if it is unknown.

    Raises:
        Conflict: There is an account with this address (code email_taken).
        Invalid: The address cannot be reached, or the password is weak.
    """
    email, password = normalize_email(email), normalize_password(password)
    check_deliverable(email)
    check_password_strength(password, email, "password")
    if store.load_account(email) is not None:
        raise _email_taken()
    user_id = new_id()
    known_places = remember_place({}, place_digest(user_id, source_ip), now_ms) if source_ip else {}
    account = Account(email, user_id, hash_password(password), created_at_ms=now_ms, known_places=known_places)
    write = Transaction()
    store.put_new_account(write, account)
    tokens = put_new_session(write, account, user_agent, now_ms)
    if not write.commit():
        raise _email_taken()
    return tokens


def _email_taken() -> Conflict:
    return Conflict("There is an account with this e-mail address.", code="email_taken", field="email")


def log_in(
    email: str,
    password: str,
    user_agent: str,
    source_ip: str,
    now_ms: int,
    *,
    code: str | None = None,
    browser_token: str = "",
    refresh_token: str = "",
) -> Tokens:
    """Begin a session.

    Args:
        email: As typed.
        password: As typed.
        user_agent: How the browser calls itself.
        source_ip: The client's address, as limits count it.
        now_ms: The current time.
        code: Of the authenticator app, or a recovery code; None for none.
        browser_token: Proves that the browser logged in before; "" for none.
        refresh_token: The one in the browser's cookie; "" for none.

    Raises:
        Unauthenticated: The password is wrong, or there is no such account: the answer and its time are the same
            (bad_credentials). After the right password of an account with a second factor: there is no code
            (code_required), or a wrong one (wrong_code).
        TooMany: There were too many wrong passwords or codes.
        Invalid: The text is no address, or no password.
        Unavailable: The account changed at the same moment.
    """
    email, password = normalize_email(email), normalize_password(password)
    account = store.load_open_account(email)
    attempt = begin_attempt(email, account, Origin(source_ip, browser_token, refresh_token), now_ms)
    if not verify_password(account.password_hash if account else None, password) or account is None:
        raise Unauthenticated("The e-mail address or the password is wrong.", code="bad_credentials")
    attempt.refund()
    try:
        check_second_factor(account, code, now_ms)
    except Invalid as error:
        raise Unauthenticated(error.message, code=error.code, field=error.field) from error
    write = Transaction()
    place = place_digest(account.user_id, source_ip)
    store.put_log_in(write, account, remember_place(account.known_places, place, now_ms))
    tokens = put_new_session(write, account, user_agent, now_ms)
    if not write.commit():
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)
    if needs_rehash(account.password_hash):
        store.save_password_hash(account, hash_password(password))
    return replace(tokens, browser_token=issue_browser_token(account.user_id, attempt.browser_id, now_ms))


def get_account(session: Session) -> Account:
    """The account of a session.

    Raises:
        Unauthenticated: It is closed.
    """
    account = store.load_open_account(session.email)
    if account is None or account.user_id != session.user_id:
        raise _account_closed()
    return account


def check_account_open(account: Account) -> None:
    """Refuse an account that was closed since it was read.

    Raises:
        Unauthenticated: It is closed.
    """
    latest = store.load_open_account(account.email)
    if latest is None or latest.user_id != account.user_id:
        raise _account_closed()


def _account_closed() -> Unauthenticated:
    return Unauthenticated("This account is closed.", code="bad_session")


def update_account(session: Session, update: AccountUpdate) -> Account:
    """Store new settings.

    Returns:
        The account as it is then.

    Raises:
        Unauthenticated: It is closed.
    """
    account = store.save_account_update(get_account(session), update)
    if account is None:
        raise _account_closed()
    return account


def change_password(session: Session, current: str, new: str, now_ms: int) -> None:
    """Replace the password and end all other sessions.

    Raises:
        Invalid: The current password is wrong (wrong_password), or the new one is weak (common_password).
        TooMany: The current password was wrong too often.
        Unauthenticated: The account is closed.
    """
    new = normalize_password(new, "newPassword")
    check_password_strength(new, session.email, "newPassword")
    account = confirm_password(session, current, now_ms)
    if not store.save_password_hash(account, hash_password(new)):
        raise _wrong_password()
    end_other_sessions(session)


def confirm_password(session: Session, current: str, now_ms: int) -> Account:
    """Check the password of a person who is logged in, so that a stolen session alone cannot do irrevocable things.

    Returns:
        The account.

    Raises:
        Invalid: The password is wrong (code wrong_password).
        TooMany: It was wrong too often.
        Unauthenticated: The account is closed.
    """
    current = normalize_password(current, "currentPassword")
    account = get_account(session)
    shared_limits.count_attempt(f"password#{session.user_id}", now_ms)
    if not verify_password(account.password_hash, current):
        raise _wrong_password()
    shared_limits.refund_attempt(f"password#{session.user_id}", now_ms)
    return account


def _wrong_password() -> Invalid:
    return Invalid("This is not your current password.", code="wrong_password", field="currentPassword")


def confirm_person(session: Session, current_password: str, code: str | None, now_ms: int) -> Account:
    """Check the password, and the code of the second factor if the account has one.

    Returns:
        The account.

    Raises:
        Invalid: wrong_password; code_required or wrong_code.
        TooMany: One of them was wrong too often.
        Unauthenticated: The account is closed.
    """
    account = confirm_password(session, current_password, now_ms)
    check_second_factor(account, code, now_ms)
    return account
