"""Sending mail: SES on AWS; on a PC an SMTP server if one is set, else files that can be looked at."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core import aws
from chalicelib.core.email_addresses import ascii_domain
from chalicelib.core.errors import Undeliverable
from chalicelib.core.settings import settings

TIMEOUT_SECONDS = 5.0
SUBMISSION_PORT, SUBMISSIONS_PORT = 587, 465


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in plain text; its id is the same however often it is sent."""

    mail_id: str
    to: str
    subject: str
    text: str


def is_available() -> bool:
    """Whether this place can send mail at all."""
    return bool(settings().mail_from)


def takes(address: str) -> bool:
    """Whether mail can be sent to an address: SES and many servers take ASCII only, before the @."""
    try:
        address = _routable(address)
        parsed = Address(addr_spec=address)
    except (HeaderParseError, ValueError, IndexError):  # IndexError: what the parser says to some of what is no address
        return False
    return address.isascii() and parsed.addr_spec == address


def _routable(address: str) -> str:
    """The address with its domain in ASCII. Raises ValueError when it has no such form."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def send(mail: Mail) -> None:
    """Send a mail once. Raises Undeliverable when it was not taken."""
    if not is_available():
        raise Undeliverable("This server is not set up to send mail.")
    _way()(mail, compose(mail))


def compose(mail: Mail) -> EmailMessage:
    """The message: whatever the texts hold, a header stays one line and there is one recipient."""
    if not takes(mail.to):
        raise Undeliverable("Mail cannot be sent to this address.")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("Ghostwatt", addr_spec=settings().mail_from)
    message["To"] = Address(addr_spec=_routable(mail.to))
    message["Subject"] = " ".join(mail.subject.split())
    message["Message-ID"] = f"<{_plain(mail.mail_id)}@{settings().mail_from.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from machines
    # as it is, where it is ASCII: a link is not broken over two lines
    message.set_content(mail.text, cte="7bit" if mail.text.isascii() else None)
    return message


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)


def _way() -> Callable[[Mail, EmailMessage], None]:
    if settings().smtp_url:
        return _by_smtp
    return _to_file if settings().mail_directory else _by_ses


def _to_file(mail: Mail, message: EmailMessage) -> None:
    """A file by the mail's id, whole or not at all; sent again it is the same file."""
    directory = Path(settings().mail_directory)
    path = directory / f"{_plain(mail.mail_id)}.eml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(path)
    except OSError as error:
        raise Undeliverable(f"The mail could not be written: {error.strerror}.") from error


def _by_smtp(mail: Mail, message: EmailMessage) -> None:
    server = urlsplit(settings().smtp_url)
    host = server.hostname or "localhost"
    try:
        with (
            smtplib.SMTP_SSL(host, server.port or SUBMISSIONS_PORT, timeout=TIMEOUT_SECONDS, context=_tls())
            if server.scheme == "smtps"
            else smtplib.SMTP(host, server.port or SUBMISSION_PORT, timeout=TIMEOUT_SECONDS)
        ) as smtp:
            if server.username:
                _log_in(smtp, unquote(server.username), unquote(server.password or ""), secure=server.scheme == "smtps")
            smtp.send_message(message, settings().mail_from, [_routable(mail.to)])
    except smtplib.SMTPException as error:
        raise Undeliverable(f"The mail server refused it ({type(error).__name__}).") from error
    except OSError as error:
        raise Undeliverable("The mail server does not answer.") from error


def _log_in(smtp: smtplib.SMTP, user: str, password: str, *, secure: bool) -> None:
    """A password goes over TLS only."""
    if not secure:
        smtp.starttls(context=_tls())
    smtp.login(user, password)


@cache
def _tls() -> ssl.SSLContext:
    """Smtplib's own would believe any certificate."""
    return ssl.create_default_context()


def _by_ses(mail: Mail, message: EmailMessage) -> None:
    try:
        _ses().send_email(
            FromEmailAddress=settings().mail_from,
            Destination={"ToAddresses": [_routable(mail.to)]},
            Content={"Raw": {"Data": message.as_bytes()}},
        )
    except ClientError as error:
        raise Undeliverable(f"SES refused it ({error.response['Error']['Code']}).") from error
    except BotoCoreError as error:
        raise Undeliverable("SES does not answer.") from error


def _ses() -> Any:
    """SES, tried once: the schedule tries again later."""
    return aws.client("sesv2", connect_seconds=TIMEOUT_SECONDS, read_seconds=TIMEOUT_SECONDS, attempts=1)
