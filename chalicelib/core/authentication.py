"""A decoded call and who makes it.

Each feature that knows callers (accounts, devices) gives its routes a way to authenticate them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from chalicelib.core import rate_limits
from chalicelib.core.client_address import address_bucket
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.origins import Site
from chalicelib.core.scopes import Scope

Body = TypeVar("Body")


@dataclass(frozen=True, slots=True)
class Call(Generic[Body]):
    """One decoded request. Features derive calls of their own that name the type of the caller.

    Attributes:
        body: The decoded body; None on a route without one.
        now_ms: When the call came in, epoch ms.
        headers: The headers; their names are lower case.
        source_ip: The address of the person or the device.
        caller: Who calls; None on a public route.
        site: The site from which a browser calls, on routes that use the refresh cookie.
    """

    body: Body
    now_ms: int
    headers: Mapping[str, str]
    source_ip: str
    caller: Any = None
    site: Site = Site.OWN

    @property
    def address_bucket(self) -> str:
        """The name under which limits count the client's address."""
        return address_bucket(self.source_ip)


class Authentication(Protocol):
    """A way to authenticate the callers of a route.

    Attributes:
        label: Who may call, as /docs shows it.
        call_type: The type of the calls that handlers get.
        credential_in_body: Whether the credential may stand in the body, which is then decoded first.
        schemes: The security schemes of the OpenAPI document, by name.
    """

    label: str
    call_type: type[Call[Any]]
    credential_in_body: bool
    schemes: Mapping[str, Mapping[str, str]]

    def security(self, scope: Scope | None) -> Sequence[str]:
        """The schemes that open a route, given the least scope of an API token that may call it."""

    def credential(self, headers: Mapping[str, str], body: Any) -> str:
        """The credential that a request shows; empty without one."""

    def authenticate(self, credential: str, scope: Scope | None, now_ms: int) -> tuple[object, rate_limits.Subject]:
        """The caller, and the subject whose limits the call counts for.

        Raises:
            Unauthenticated: The credential is missing or wrong.
            Forbidden: It is right, but does not open this route.
        """


def authenticate(
    authentication: Authentication | None,
    scope: Scope | None,
    headers: Mapping[str, str],
    body: Any,
    address_bucket: str,
    now_ms: int,
) -> object:
    """Count the call, then authenticate it: a call past its limit costs no look-up in the database.

    Args:
        authentication: How callers of the route are authenticated; None lets anybody call.
        scope: The least scope of an API token that may call the route; None when no token may.
        headers: The request's headers, names in lower case.
        body: Its decoded body, where the credential may stand in it.
        address_bucket: The name under which limits count the client's address.
        now_ms: When the call came in, epoch ms.

    Returns:
        The caller; None on a public route.

    Raises:
        TooMany: The caller, or the address, is past its limit.
        Unauthenticated: The credential is missing or wrong.
        Forbidden: It is right, but does not open this route.
    """
    credential = authentication.credential(headers, body) if authentication else ""
    holder = rate_limits.begin(credential, address_bucket, now_ms)
    if authentication is None:
        return None
    try:
        caller, subject = authentication.authenticate(credential, scope, now_ms)
    except Unauthenticated:
        rate_limits.forget(credential)
        raise
    if holder is None:
        rate_limits.confirm(credential, subject, address_bucket, now_ms)
    return caller


def credentials_of(headers: Mapping[str, str], scheme: str) -> str:
    """What follows the name of a scheme (in lower case) in the Authorization header; empty for another scheme."""
    name, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if name.lower() == scheme else ""
