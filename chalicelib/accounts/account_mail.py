"""Mails about the account itself: the link that confirms an address, and the one that resets a password.

A job sends them, which is started alike and as fast whether there is such an account or not.
"""

from __future__ import annotations

import logging

from chalicelib.accounts import mail_link_service as mail_links
from chalicelib.accounts import store as users
from chalicelib.accounts import throttle
from chalicelib.accounts.email_addresses import normalize_email
from chalicelib.accounts.mail_links import Purpose, letter
from chalicelib.accounts.model import Account
from chalicelib.core import functions, mail
from chalicelib.core.errors import Invalid, Unavailable
from chalicelib.core.identifiers import digest, new_id
from chalicelib.core.settings import settings
from chalicelib.notifications.delivery import Undeliverable

LOG = logging.getLogger("ghostwatt.account_mail")


def is_available() -> bool:
    """Whether this place can send such mails."""
    return mail.is_available() and bool(settings().mail_function)


def ask(purpose: Purpose, email: str, address_bucket: str, now_ms: int) -> None:
    """Have a link mailed, if there is an account of this address that it is for.

    Args:
        purpose: What the link is for.
        email: The address as it was typed.
        address_bucket: Who asks, as limits count it.
        now_ms: The time of now.

    Raises:
        Invalid: This is no address, or this place sends no mail (code no_mail).
        TooMany: To this address, or from whoever asks, there were enough of them today.
        Unavailable: The job could not be started.
    """
    email = normalize_email(email)
    if not is_available():
        raise Invalid("This place is not set up to send mail: ask whoever runs it.", code="no_mail", field="email")
    limits = settings().limits
    throttle.take(limits.account_mail_requests, f"account-mail#{address_bucket}", now_ms)
    throttle.take(limits.account_mails, f"account-mail#{digest(email)}", now_ms)
    functions.start(settings().mail_function, {"purpose": purpose, "email": email})


def run(purpose: Purpose, email: str, now_ms: int) -> bool:
    """Do the job: mail the link. Returns whether there was an account that it is for. Raises Undeliverable."""
    account = users.load_open(email)
    if account is None or (purpose == "confirm" and account.is_confirmed):
        return False
    send(account, purpose, now_ms)
    return True


def ask_once(account: Account, now_ms: int) -> None:
    """Mail a confirmation link to an account that never had one: it is older than confirmations.

    What fails is tried at the next occasion.
    """
    if account.is_confirmed or account.confirm_link is not None:
        return
    try:
        send(account, "confirm", now_ms)
    except (Undeliverable, Unavailable) as error:
        LOG.warning("no confirmation was mailed: %s", error)


def send(account: Account, purpose: Purpose, now_ms: int) -> None:
    """Make a link and mail it. Raises Undeliverable, Unavailable."""
    written = letter(purpose, mail_links.issue(account, purpose, now_ms), settings().public_url)
    try:
        mail.send(mail.Mail(f"{purpose}-{new_id()}", account.email, f"Ghostwatt: {written.subject}", written.text))
    except Undeliverable:
        users.remove_link(account, purpose)
        raise
