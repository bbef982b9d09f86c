"""A server that cannot prove who it is gets neither key nor readings: a real one, with a certificate of its own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from ghostwatt_pi.cloud.errors import CloudAway
from ghostwatt_pi.cloud.http import HttpClient


class Impostor(BaseHTTPRequestHandler):
    """Answers anything, and remembers that it was asked."""

    asked: list[str] = []  # noqa: RUF012 - one server, one test

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.end_headers()


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """The address of a server with a self-signed certificate for localhost."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate to refuse")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), Impostor)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"https://localhost:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_self_signed_server_gets_nothing(impostor: str) -> None:
    with HttpClient(impostor) as cloud, pytest.raises(CloudAway, match="SSLError"):
        cloud.heartbeat("the-key", [])
    assert Impostor.asked == []
