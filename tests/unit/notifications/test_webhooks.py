"""Posting to a receiver on this machine: signed, pinned, bounded, never inside unless this place allows it."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.core.errors import Invalid, Undeliverable
from chalicelib.core.settings import settings
from chalicelib.notifications import webhooks
from chalicelib.notifications.model import Notification
from chalicelib.notifications.preferences import Webhook

NOW = 1_700_000_000_000
NEWS = Notification("1700000000000-cut-p1", "owner", "cut", "Phantom energy detected on TV \u2028", NOW, "p1", "GW-1")
SECRET = "0123456789abcdef"


@dataclass
class Receiver:
    """A person's server: what it was sent, and what it answers."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    def hook(self, host: str = "127.0.0.1", scheme: str = "http") -> Webhook:
        return Webhook(f"{scheme}://{host}:{self.port}/in?key=1", SECRET)


def serve(receiver: Receiver, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from serve(Receiver())


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("WEBHOOK_ALLOW_PRIVATE", "yes")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("allowed")
def test_a_receiver_can_verify_what_it_gets(receiver: Receiver) -> None:
    webhooks.post_webhook(receiver.hook(), NEWS, NOW)
    ((path, headers, body),) = receiver.got
    assert path == "/in?key=1"
    parts = dict(part.split("=") for part in headers["x-ghostwatt-signature"].split(","))
    wanted = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert (parts["t"], parts["v1"]) == ("1700000000", wanted)
    assert headers["idempotency-key"] == NEWS.notification_id
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert json.loads(body) == {
        "notificationId": NEWS.notification_id,
        "kind": "cut",
        "message": NEWS.message,
        "at": "2023-11-14T22:13:20.000Z",
        "portId": "p1",
        "deviceId": "GW-1",
    }


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status, receiver.headers = status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"}
    with pytest.raises(Undeliverable, match=f"status {status}, and redirects are not followed"):
        webhooks.post_webhook(receiver.hook(), NEWS, NOW)
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_a_refusal_is_told(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(Undeliverable, match=f"status {status}"):
        webhooks.post_webhook(receiver.hook(), NEWS, NOW)


def test_this_machine_is_not_called_unless_the_place_allows_it(receiver: Receiver) -> None:
    hook = Webhook(f"https://localhost:{receiver.port}/", SECRET)
    with pytest.raises(Undeliverable, match="public Internet"):
        webhooks.post_webhook(hook, NEWS, NOW)
    with pytest.raises(Undeliverable, match="https"):
        webhooks.post_webhook(receiver.hook(), NEWS, NOW)
    assert receiver.got == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104 - an answer that is refused
        ["::1"],
        ["::ffff:192.168.0.1"],
        ["64:ff9b::a00:1"],
        ["fd00:ec2::254"],
        ["8.8.8.8", "192.168.0.1"],
        [],
    ],
)
def test_a_name_that_leads_inside_is_refused_by_name(addresses: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        webhooks.check_webhook_url("https://hooks.example.org/", lambda _host, _port: addresses)
    assert refused.value.field == "webhook.url"


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_every_way_of_writing_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Invalid):
        webhooks.check_webhook_url(f"https://{host}/")


def test_a_name_that_nobody_knows_is_refused() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(Invalid, match="not known"):
        webhooks.check_webhook_url("https://hooks.example.org/", unknown)
    webhooks.check_webhook_url("https://hooks.example.org/", lambda _host, _port: ["8.8.8.8"])


def test_a_name_that_changes_after_the_check_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    called: list[tuple[str, int]] = []

    def answers(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: tuple[str, int], _timeout: float) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Undeliverable, match="did not answer"):
        webhooks.post_webhook(Webhook("https://hooks.example.org/", SECRET), NEWS, NOW, answers)
    assert (asked, called) == (["hooks.example.org"], [("8.8.8.8", 443)])


def certificate(directory: Path, name: str) -> Path:
    """A certificate of its own for a name, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = directory / "receiver.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.usefixtures("allowed")
def test_tls_proves_the_name_though_the_address_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path, "hooks.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=str(path))
    monkeypatch.setattr(webhooks, "_tls", lambda: trusting)
    for receiver in serve(Receiver(), context):
        here = lambda _host, _port: ["127.0.0.1"]  # noqa: E731 - a name server in one word
        webhooks.post_webhook(receiver.hook("hooks.example.org", "https"), NEWS, NOW, here)
        assert receiver.got[0][1]["host"] == f"hooks.example.org:{receiver.port}"
        with pytest.raises(Undeliverable, match="TLS failed"):
            webhooks.post_webhook(receiver.hook("other.example.org", "https"), NEWS, NOW, here)
        assert len(receiver.got) == 1


@pytest.mark.usefixtures("allowed")
def test_a_receiver_that_drips_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        with connection:
            while not over.wait(0.05):
                try:
                    connection.send(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    hook = Webhook(f"http://127.0.0.1:{listening.getsockname()[1]}/", SECRET)
    with pytest.raises(Undeliverable, match="did not answer"):
        webhooks.post_webhook(hook, NEWS, NOW)
    over.set()
    thread.join()
    listening.close()
