"""Links by mail: made, and used once. Only their digests are stored, with the account."""

from __future__ import annotations

from chalicelib.accounts import sessions
from chalicelib.accounts import store as users
from chalicelib.accounts.mail_links import LIFE_MS, MailLink, Purpose, email_of, link_token
from chalicelib.accounts.model import Account
from chalicelib.accounts.passwords import check_password_strength, hash_password, normalize_password
from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.identifiers import digest, new_secret


def issue(account: Account, purpose: Purpose, now_ms: int) -> str:
    """A new link's token. The last one for the same purpose opens nothing any more. Raises Unavailable."""
    token = link_token(account.email, new_secret())
    if not users.save_link(account, purpose, MailLink(digest(token), now_ms + LIFE_MS[purpose])):
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)
    return token


def confirm_address(token: str, now_ms: int) -> None:
    """Use a link: mail reaches the person behind the account's address. Raises Invalid: token."""
    account = _account(token, "confirm", now_ms)
    if not users.save_confirmed(account, now_ms):
        raise _used_up()


def reset_password(token: str, new_password: str, now_ms: int) -> str:
    """Use a link: the password is this one from now on, and all sessions and API tokens end.

    The address is confirmed by it too: the link came by mail.

    Returns:
        The id of the account's owner.

    Raises:
        Invalid: The link is used, old or none of ours (field token); the password is weak (field newPassword).
    """
    account = _account(token, "reset", now_ms)
    new = normalize_password(new_password, "newPassword")
    check_password_strength(new, account.email, "newPassword")
    if not users.save_reset_password(account, hash_password(new), now_ms):
        raise _used_up()
    sessions.end_all(account.user_id)
    return account.user_id


def _account(token: str, purpose: Purpose, now_ms: int) -> Account:
    email = email_of(token)
    account = users.load_open(email) if email else None
    link = account.link(purpose) if account else None
    if account is None or link is None or not link.opens(token, now_ms):
        raise _used_up()
    return account


def _used_up() -> Invalid:
    return Invalid("This link was used already, or is too old: ask for a new one.", code="bad_link", field="token")
