"""Links by mail that confirm an address or reset a password: request, send and use them.

Whoever follows a link has shown that they read the address's mail. A job sends the mail. A request starts the job
whether there is an account or not, so that the answer and its time reveal nothing.
"""

from __future__ import annotations

import base64
import logging
import re
from dataclasses import dataclass

from chalicelib.accounts import store
from chalicelib.accounts.model import Account, MailLink, Purpose
from chalicelib.accounts.passwords import check_password_strength, hash_password, normalize_password
from chalicelib.accounts.sessions import end_all_sessions
from chalicelib.core import aws, mail, shared_limits
from chalicelib.core.email_addresses import normalize_email
from chalicelib.core.errors import Invalid, Unavailable, Undeliverable
from chalicelib.core.identifiers import digest, new_id, new_secret
from chalicelib.core.settings import settings
from chalicelib.core.times import DAY_MS, MINUTE_MS

LIFE_MS: dict[Purpose, int] = {"confirm": 3 * DAY_MS, "reset": 30 * MINUTE_MS}
"""A confirmation may wait over a weekend. A reset opens the account, so it is short.
Source: OWASP Forgot Password Cheat Sheet."""
TOKEN = re.compile(r"([A-Za-z0-9_-]{4,1400})\.[A-Za-z0-9_-]{43}")
"""The address in base64, so that one read finds the account, and a secret as new_secret makes it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and text of a mail. Neither contains text that the person who asked for it could choose."""

    subject: str
    text: str


def link_token(email: str, secret: str) -> str:
    """The token of a link."""
    return f"{base64.urlsafe_b64encode(email.encode()).decode().rstrip('=')}.{secret}"


def link_token_email(token: str) -> str | None:
    """The address of the account that a token names; None if the text is no such token."""
    match = TOKEN.fullmatch(token)
    if match is None:
        return None
    encoded = match.group(1)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        return None


def compose_letter(purpose: Purpose, token: str, page_url: str) -> Letter:
    """The mail with a link. The token stands behind a #, so that it appears in no server's log."""
    link = f"{page_url.rstrip('/')}/#/{purpose}/{token}"
    if purpose == "confirm":
        return Letter(
            "Confirm your e-mail address",
            "An account at Ghostwatt was made with this e-mail address. If it is yours, confirm it within 3 days:\n\n"
            f"{link}\n\n"
            "If you did not make it, do nothing: nothing else will be sent to you.\n",
        )
    return Letter(
        "Choose a new password",
        "Somebody asked for a new password for your account at Ghostwatt. Choose one within 30 minutes:\n\n"
        f"{link}\n\n"
        "It logs you out everywhere. If it was not you, do nothing: your password stays as it is.\n",
    )


LOG = logging.getLogger("ghostwatt.account_mail")


def can_send_links() -> bool:
    """Whether this installation can mail links."""
    return mail.is_available() and bool(settings().mail_function)


def request_link(purpose: Purpose, email: str, address_bucket: str, now_ms: int) -> None:
    """Start the job that mails a link.

    Args:
        purpose: What the link is for.
        email: The address as it was typed.
        address_bucket: The client's address, as limits count it.
        now_ms: The current time.

    Raises:
        Invalid: This is no address, or this installation sends no mail (code no_mail).
        TooMany: There were enough links to this address, or for this client, today.
        Unavailable: The job could not be started.
    """
    email = normalize_email(email)
    if not can_send_links():
        raise Invalid("This server is not set up to send mail: ask whoever runs it.", code="no_mail", field="email")
    limits = settings().limits
    shared_limits.take(limits.account_mail_requests, f"account-mail#{address_bucket}", now_ms)
    shared_limits.take(limits.account_mails, f"account-mail#{digest(email)}", now_ms)
    aws.start_function(settings().mail_function, {"purpose": purpose, "email": email})


def send_requested_link(purpose: Purpose, email: str, now_ms: int) -> bool:
    """Do the job that request_link started.

    Returns:
        Whether a link was mailed: there is such an account, and it needs one.

    Raises:
        Undeliverable: The mail could not be sent.
    """
    account = store.load_open_account(email)
    if account is None or (purpose == "confirm" and account.is_confirmed):
        return False
    _send_link(account, purpose, now_ms)
    return True


def send_first_confirmation(account: Account, now_ms: int) -> None:
    """Mail a confirmation link to an account that never had one, since it is older than confirmations.

    A failure is logged; the next call tries again.
    """
    if account.is_confirmed or account.confirm_link is not None:
        return
    try:
        _send_link(account, "confirm", now_ms)
    except (Undeliverable, Unavailable) as error:
        LOG.warning("no confirmation was mailed: %s", error)


def _send_link(account: Account, purpose: Purpose, now_ms: int) -> None:
    letter = compose_letter(purpose, issue_link(account, purpose, now_ms), settings().public_url)
    try:
        mail.send(mail.Mail(f"{purpose}-{new_id()}", account.email, f"Ghostwatt: {letter.subject}", letter.text))
    except Undeliverable:
        store.remove_mail_link(account, purpose)
        raise


def issue_link(account: Account, purpose: Purpose, now_ms: int) -> str:
    """Store a new link, which replaces the last one for the same purpose.

    Returns:
        The token of the link.

    Raises:
        Unavailable: The account was closed since it was read.
    """
    token = link_token(account.email, new_secret())
    if not store.save_mail_link(account, purpose, MailLink(digest(token), now_ms + LIFE_MS[purpose])):
        raise Unavailable("This account is being changed; try again.", code="busy", retry_after_seconds=1)
    return token


def confirm_address(token: str, now_ms: int) -> None:
    """Use a confirmation link: its account's address is confirmed from now on.

    Raises:
        Invalid: The link is used, expired or unknown (field token).
    """
    account = _account_of_link(token, "confirm", now_ms)
    if not store.save_confirmed_address(account, now_ms):
        raise _bad_link()


def reset_password(token: str, new_password: str, now_ms: int) -> str:
    """Use a reset link: set the password and end all sessions and API tokens. This confirms the address too.

    Returns:
        The id of the account's owner.

    Raises:
        Invalid: The link is used, expired or unknown (field token); the password is weak (field newPassword).
    """
    account = _account_of_link(token, "reset", now_ms)
    password = normalize_password(new_password, "newPassword")
    check_password_strength(password, account.email, "newPassword")
    if not store.save_reset_password(account, hash_password(password), now_ms):
        raise _bad_link()
    end_all_sessions(account.user_id)
    return account.user_id


def _account_of_link(token: str, purpose: Purpose, now_ms: int) -> Account:
    email = link_token_email(token)
    account = store.load_open_account(email) if email else None
    link = account.link(purpose) if account else None
    if account is None or link is None or not link.opens(token, now_ms):
        raise _bad_link()
    return account


def _bad_link() -> Invalid:
    return Invalid("This link was used already, or is too old: ask for a new one.", code="bad_link", field="token")
