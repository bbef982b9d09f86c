"""Which USB device is behind a serial port: its port's name may be another one after it was unplugged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports


class UsbPort(Protocol):
    """What pyserial's list says of a port; ids are None where it is not USB."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


ListPorts = Callable[[], Iterable[UsbPort]]


@dataclass(frozen=True, slots=True)
class UsbIdentity:
    """Vendor, product and serial number; cheap converters have no serial number."""

    vid: int
    pid: int
    serial_number: str | None


def list_usb_ports() -> Iterable[UsbPort]:
    """The serial ports of this machine."""
    return list_ports.comports()


def identity_of(port: str, ports: Iterable[UsbPort]) -> UsbIdentity | None:
    """Who is behind this port, whose name may be a link to the real one; None when it is not USB."""
    real = str(Path(port).resolve())
    for found in ports:
        if found.device in (port, real):
            return _identity(found)
    return None


def port_of(identity: UsbIdentity, ports: Iterable[UsbPort]) -> str | None:
    """Where this device is plugged in now; None when it is not, or when several look the same."""
    names = [found.device for found in ports if _identity(found) == identity]
    return names[0] if len(names) == 1 else None


def _identity(port: UsbPort) -> UsbIdentity | None:
    if port.vid is None or port.pid is None:
        return None
    return UsbIdentity(port.vid, port.pid, port.serial_number)
