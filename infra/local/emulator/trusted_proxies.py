"""Reverse proxies in front of this PC: which are believed, and requests that a proxy may read differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The networks of the reverse proxies that are believed; none by default."""

    networks: tuple[Network, ...] = ()

    def __contains__(self, address: str) -> bool:
        """Whether an address is a proxy's."""
        try:
            parsed = ip_address(plain(address))
        except ValueError:
            return False
        return any(parsed in network for network in self.networks)

    def behind(self, app: ASGIApp) -> ASGIApp:
        """The app, which is told the real client: the last address in X-Forwarded-For that is no proxy's.

        Both that and X-Forwarded-Proto are believed only from a proxy: anybody else can write them too.
        """
        trusted: Sequence[str] = [str(network) for network in self.networks]
        return PlainClient(ProxyHeadersMiddleware(app, list(trusted)) if trusted else app)  # type: ignore[arg-type]  # uvicorn's own types of ASGI


class PlainClient:
    """An ASGI app that sees an IPv4 client as such, also on a socket for IPv6 (::ffff:192.0.2.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        client = scope.get("client")
        if client:
            scope["client"] = (plain(client[0]), client[1])
        await self._app(scope, receive, send)


def networks(text: str) -> TrustedProxies:
    """The proxies that a setting names: addresses and networks (10.0.0.0/8), parted by commas. Raises ValueError."""
    named = [part.strip() for part in text.split(",") if part.strip()]
    return TrustedProxies(tuple(ip_network(name, strict=False) for name in named))


def plain(address: str) -> str:
    """An address as IPv4 where it is one that IPv6 only carries."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return address if mapped is None else str(mapped)


AMBIGUOUS = {
    "success": False,
    "error": "A request has Content-Length or Transfer-Encoding, not both.",
    "code": "bad_request",
}


class OneFraming:
    """An ASGI app that answers 400 and hangs up on a request with two lengths (RFC 9112, section 6.1).

    That is one with Content-Length and Transfer-Encoding, or with Transfer-Encoding in HTTP/1.0, which has none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        app = JSONResponse(AMBIGUOUS, 400, {"Connection": "close"}) if _is_ambiguous(scope) else self._app
        await app(scope, receive, send)


def _is_ambiguous(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]} if scope["type"] == "http" else set()
    has_length = b"content-length" in names or scope.get("http_version") == "1.0"
    return b"transfer-encoding" in names and has_length
