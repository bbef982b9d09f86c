"""What is remembered of each outlet through a restart, in outlets.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ghostwatt_pi.files import DamagedFile, read_object
from ghostwatt_pi.schemas import RelayState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """A relay that does not obey: what is wanted of it, how often that was tried, since when (epoch ms), and why."""

    wanted: RelayState
    tried: int
    since_ms: int
    error: str


@dataclass(frozen=True, slots=True)
class Outlet:
    """The last command handled for a channel: its port, version, the state it left and why if it was not obeyed.

    `reported` says whether the cloud has heard of it, `confirmed` whether the relay itself has answered for `state`.
    `failure` is there until the relay obeys again, `switched_at_ms` once it has (epoch ms, the Pi's clock).
    """

    port_id: str
    version: int
    state: RelayState
    reason: str | None = None
    reported: bool = False
    failure: Failure | None = None
    confirmed: bool = field(default=False, compare=False)
    switched_at_ms: int | None = field(default=None, compare=False)


def remembered(outlets: Mapping[int, Outlet]) -> str:
    """The file's text."""
    return json.dumps({channel: asdict(outlet) for channel, outlet in outlets.items()})


def load(path: Path) -> dict[int, Outlet]:
    """What is remembered; nothing when there is no file. Raises DamagedFile."""
    stored = read_object(path)
    try:
        return {int(channel): _outlet(fields) for channel, fields in (stored or {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedFile(path, f"{error} is not what it should be") from None


def recall(path: Path) -> dict[int, Outlet]:
    """For those who only look: what is remembered, nothing of a damaged file."""
    try:
        return load(path)
    except DamagedFile:
        return {}


def _outlet(fields: Mapping[str, Any]) -> Outlet:
    reason, failure, switched_at_ms = (fields.get(name) for name in ("reason", "failure", "switched_at_ms"))
    return Outlet(
        port_id=_typed(str, fields["port_id"]),
        version=_typed(int, fields["version"]),
        state=_state(fields["state"]),
        reason=None if reason is None else _typed(str, reason),
        reported=_typed(bool, fields.get("reported", False)),
        failure=None if failure is None else _failure(failure),
        confirmed=_typed(bool, fields.get("confirmed", False)),
        switched_at_ms=None if switched_at_ms is None else _typed(int, switched_at_ms),
    )


def _failure(fields: Mapping[str, Any]) -> Failure:
    return Failure(
        wanted=_state(fields["wanted"]),
        tried=_typed(int, fields["tried"]),
        since_ms=_typed(int, fields["since_ms"]),
        error=_typed(str, fields["error"]),
    )


def _typed(kind: type[T], value: object) -> T:
    """Raises TypeError. A bool is no whole number here."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{value!r}")
    return value


def _state(value: object) -> RelayState:
    """Raises ValueError."""
    if value == "on":
        return "on"
    if value == "off":
        return "off"
    raise ValueError(f"{value!r}")
