"""The record of each outlet that outlives a restart, kept in outlets.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ghostwatt_pi.schemas import RelayReport, RelayState
from ghostwatt_pi.small_files import DamagedFile, read_object

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """A relay that does not obey.

    Attributes:
        wanted: The state that it does not take.
        tried: How often that was tried.
        since_ms: When it failed first, epoch milliseconds of the Pi's clock.
        error: Why it failed the last time.
    """

    wanted: RelayState
    tried: int
    since_ms: int
    error: str


@dataclass(frozen=True, slots=True)
class OutletRecord:
    """The last command of an outlet, and what became of it.

    Attributes:
        port_id: The outlet's port.
        version: The version of the command.
        state: The state that the outlet has.
        reason: Why the command was not carried out, or who switched at the Pi; None if it was carried out.
        reported: Whether the cloud has heard of it.
        failure: Present until the relay obeys again.
        confirmed: Whether the relay itself has answered for `state`.
        switched_at_ms: When it was switched last, epoch milliseconds of the Pi's clock.
    """

    port_id: str
    version: int
    state: RelayState
    reason: str | None = None
    reported: bool = False
    failure: Failure | None = None
    confirmed: bool = field(default=False, compare=False)
    switched_at_ms: int | None = field(default=None, compare=False)

    @property
    def is_failing(self) -> bool:
        """Whether the command itself has failed; an older failure is only kept until the relay obeys again."""
        return self.failure is not None and self.reason == "failed"

    def report(self) -> RelayReport:
        """The report for the cloud."""
        return RelayReport(self.port_id, self.state, self.version, self.reason)


def to_json(outlets: Mapping[int, OutletRecord]) -> str:
    """Write the records, by channel, as the file's text."""
    return json.dumps({channel: asdict(outlet) for channel, outlet in outlets.items()})


def load_outlets(path: Path) -> dict[int, OutletRecord]:
    """Read the records by channel; there are none when there is no file. Raises DamagedFile."""
    stored = read_object(path)
    try:
        return {int(channel): _record(fields) for channel, fields in (stored or {}).items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedFile(path, f"{error} is not what it should be") from None


def read_outlets(path: Path) -> dict[int, OutletRecord]:
    """Read the records for a command that only looks: a damaged file has none."""
    try:
        return load_outlets(path)
    except DamagedFile:
        return {}


def _record(fields: Mapping[str, Any]) -> OutletRecord:
    reason, failure, switched_at_ms = (fields.get(name) for name in ("reason", "failure", "switched_at_ms"))
    return OutletRecord(
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
    """Raises TypeError. A bool does not count as an int here."""
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
