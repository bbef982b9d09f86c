"""A decoded request, as handlers of routes get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from chalicelib.core.client_address import address_bucket
from chalicelib.core.origins import Site

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
