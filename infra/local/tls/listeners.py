"""HTTPS and MQTTS on the local network, with the certificate of this PC's own CA."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.local.runner.server import Listener, listen
from infra.local.tls.certificates import Certificates
from infra.local.tls.host_names import host_names

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - a person chooses it on the command line


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What a person chose for TLS.

    Attributes:
        host: The address at which HTTPS and MQTTS listen.
        port: The port of HTTPS, 0 for a free one.
        mqtt_port: The port of MQTTS, 0 for a free one.
        names: More names and addresses of this machine.
    """

    host: str
    port: int
    mqtt_port: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secured:
    """The two listening sockets and their certificates."""

    certificates: Certificates
    https: Listener
    mqtts: Listener

    def https_socket(self) -> tuple[socket.socket, ssl.SSLContext]:
        """The socket of HTTPS and its TLS context."""
        return self.https.socket, self.certificates.context

    def mqtts_socket(self) -> tuple[socket.socket, ssl.SSLContext]:
        """The socket of MQTTS and its TLS context."""
        return self.mqtts.socket, self.certificates.context

    def ca_route(self) -> Route:
        """The route of the CA's certificate, which is no secret."""
        media_type = "application/x-pem-file"

        async def answer(_request: Request) -> Response:
            return Response(self.certificates.ca_pem, media_type=media_type, headers={"Cache-Control": "no-cache"})

        return Route("/ca.pem", answer, methods=["GET"])


def open_secured(settings: TlsSettings, directory: Path, public_host: str) -> Secured:
    """Listen, and open or make the certificates.

    Args:
        settings: What a person chose.
        directory: The data directory.
        public_host: The name in PUBLIC_URL; "" without one.

    Raises:
        StackError: A port is taken, or the CA cannot be used.
    """
    chosen = [*settings.names, *([public_host] if public_host else [])]
    only = "" if settings.host in ANY_ADDRESS else settings.host
    certificates = Certificates(directory / "tls", lambda: host_names(chosen, only))
    return Secured(certificates, listen(settings.host, settings.port), listen(settings.host, settings.mqtt_port))
