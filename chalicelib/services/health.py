"""Whether the parts that a request needs answer."""

from __future__ import annotations

from chalicelib.domain.errors import Unavailable
from chalicelib.storage import devices


def parts() -> dict[str, str]:
    """Each part and its state: "ok", or what is wrong with it."""
    try:
        devices.load("health-check")
    except Unavailable:
        return {"database": "does not answer"}
    return {"database": "ok"}
