"""The names and addresses by which other machines reach this one."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

Address = IPv4Address | IPv6Address
NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.ASCII)
LOOPBACKS = (ip_address("127.0.0.1"), ip_address("::1"))


@dataclass(frozen=True, slots=True)
class HostNames:
    """Names and addresses, in the order in which a certificate lists them."""

    names: tuple[str, ...]
    addresses: tuple[Address, ...]

    def __contains__(self, text: str) -> bool:
        """Whether a name or an address, as text, is among them."""
        return text in {*self.names, *map(str, self.addresses)}


def host_names(chosen: Iterable[str] = (), listens_at: str = "") -> HostNames:
    """Return the names of this machine.

    Args:
        chosen: More names and addresses, as a person wrote them (see `checked_name`).
        listens_at: The one address at which the stack listens; "" for all of them.

    Returns:
        The chosen ones first, then the machine's own name, its name in the local network (NAME.local), its IPv4
        addresses and loopback. Of its IPv6 addresses only those that were chosen: the others change by themselves.
    """
    names, addresses = [], []
    for text in [*chosen, *([listens_at] if listens_at else [])]:
        parsed = _address(text)
        if parsed is None:
            names.append(text.lower())
        else:
            addresses.append(parsed)
    own = socket.gethostname().lower()
    if NAME.fullmatch(own):
        names += [own] if "." in own else [own, f"{own}.local"]
    found = [] if listens_at else _own_addresses()
    return HostNames(
        tuple(dict.fromkeys([*names, "localhost"])), tuple(dict.fromkeys([*addresses, *found, *LOOPBACKS]))
    )


def checked_name(text: str) -> str:
    """Return a name or an address in lower case. Raises ValueError for any other text."""
    name = text.strip().strip("[]").lower()
    if _address(name) is None and not NAME.fullmatch(name):
        raise ValueError(f"{text!r} is neither a host name nor an address")
    return name


def _own_addresses() -> Iterator[Address]:
    """The IPv4 addresses of the interfaces that are up, without loopback and what a machine gives itself (169.254)."""
    up = {name for name, status in psutil.net_if_stats().items() if status.isup}
    for name, addresses in psutil.net_if_addrs().items():
        for entry in addresses:
            address = _address(entry.address) if entry.family is socket.AF_INET and name in up else None
            if address is not None and not address.is_loopback and not address.is_link_local:
                yield address


def _address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
