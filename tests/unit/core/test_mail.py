"""Mail as files, by SMTP and by SES; one recipient, one line a header."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib.core import aws, mail
from chalicelib.core.errors import Undeliverable
from chalicelib.core.mail import Mail
from chalicelib.core.settings import settings

MAIL = Mail("1700000000000-cut-p1", "somebody@example.org", "Phantom energy detected on Fernseher für alle", "Text.\n")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A place set up by its environment; each test says how."""
    for name in ("SMTP_URL", "MAIL_DIRECTORY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MAIL_FROM", "ghostwatt@example.org")
    settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    settings.cache_clear()


def parsed(raw: bytes) -> email.message.EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


def test_a_mail_is_a_file_that_can_be_read(place: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place.setenv("MAIL_DIRECTORY", str(tmp_path / "mail"))
    for _ in range(2):
        mail.send(MAIL)
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "1700000000000-cut-p1.eml"
    message = parsed(path.read_bytes())
    assert message["To"] == "somebody@example.org"
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<1700000000000-cut-p1@example.org>"
    assert message.get_content().split() == ["Text."]


def test_no_text_becomes_a_header(place: pytest.MonkeyPatch) -> None:
    hostile = Mail("id\r\nBcc: me@example.org", MAIL.to, "Hello\r\nBcc: me@example.org\n\nEvil", "a\nBcc: b\n.\nc")
    message = parsed(mail.compose(hostile).as_bytes())
    assert message["Bcc"] is None
    assert message["Subject"] == "Hello Bcc: me@example.org Evil"
    assert message["Message-ID"].count("\n") == 0
    assert [address.addr_spec for address in message["To"].addresses] == [MAIL.to]


@pytest.mark.parametrize(
    "address",
    [
        "a,b@example.org",
        "a b@example.org",
        "<a@example.org>",
        "a@example.org\r\nBcc: c@example.org",
        "ä@example.org",
        "a",
    ],
)
def test_what_is_not_one_plain_address_takes_no_mail(place: pytest.MonkeyPatch, address: str) -> None:
    assert not mail.takes(address)
    with pytest.raises(Undeliverable):
        mail.compose(Mail("id", address, "subject", "text"))


def test_a_place_without_a_sender_sends_none(place: pytest.MonkeyPatch) -> None:
    place.delenv("MAIL_FROM")
    settings.cache_clear()
    assert not mail.is_available()
    with pytest.raises(Undeliverable, match="not set up"):
        mail.send(MAIL)


def test_ses_takes_the_same_mail(place: pytest.MonkeyPatch) -> None:
    place.setenv("AWS_ACCESS_KEY_ID", "testing")
    place.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    aws.client.cache_clear()  # made anew inside moto
    with mock_aws():
        with pytest.raises(Undeliverable, match="SES refused it"):
            mail.send(MAIL)  # nobody has verified the sender
        client: Any = get_session().create_client("sesv2", region_name=settings().region)
        client.create_email_identity(EmailIdentity="ghostwatt@example.org")
        mail.send(MAIL)
        (sent,) = ses_backends[DEFAULT_ACCOUNT_ID][settings().region].sent_messages
    aws.client.cache_clear()
    assert set(sent.destinations) == {"somebody@example.org"}
    assert parsed(sent.raw_data.encode())["Subject"] == MAIL.subject


def test_an_smtp_server_gets_one_recipient(place: pytest.MonkeyPatch) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    heard: list[str] = []
    thread = threading.Thread(target=converse, args=(listening, heard))
    thread.start()
    place.setenv("SMTP_URL", f"smtp://127.0.0.1:{listening.getsockname()[1]}")
    mail.send(MAIL)
    thread.join()
    listening.close()
    assert [line for line in heard if line.startswith("rcpt")] == ["rcpt TO:<somebody@example.org>"]
    assert "Text." in heard


def converse(listening: socket.socket, heard: list[str]) -> None:
    """The least of an SMTP server (RFC 5321)."""
    connection, _ = listening.accept()
    with connection, connection.makefile("rwb") as stream:
        stream.write(b"220 here\r\n")
        stream.flush()
        in_text = False
        for raw in stream:
            line = raw.decode().rstrip("\r\n")
            heard.append(line)
            if in_text and line != ".":
                continue
            in_text = line.upper() == "DATA"
            stream.write(b"354 go on\r\n" if in_text else b"221 bye\r\n" if line.upper() == "QUIT" else b"250 well\r\n")
            stream.flush()
            if line.upper() == "QUIT":
                return


def test_an_smtp_server_that_is_not_there_is_told(place: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    place.setenv("SMTP_URL", f"smtp://127.0.0.1:{port}")
    with pytest.raises(Undeliverable, match="does not answer"):
        mail.send(MAIL)
