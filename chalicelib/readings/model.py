"""Readings: which times are believed, and how a batch becomes chunks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Protocol

from chalicelib.accounts.retention import Retention
from chalicelib.core.errors import Invalid
from chalicelib.core.times import DAY_MS, MINUTE_MS, SECOND_MS

MAX_AHEAD_MS = 5 * MINUTE_MS
REBASE_BEYOND_MS = 30 * SECOND_MS
"""Clocks that differ by less are taken as they are: the network alone may take seconds."""
MAX_SPAN_MS = DAY_MS
LATE_MS = 10 * MINUTE_MS
"""Older readings correct history but never cut or alert."""
MAX_CHUNK_MS = 15 * MINUTE_MS
"""From the first reading of a chunk to its last; a longer batch is stored as several chunks."""
MAX_HELD_MS = 15 * MINUTE_MS
"""The longest time that a reading may say it held."""
REACH_MS = MAX_CHUNK_MS + MAX_HELD_MS
"""From the start of what held in a chunk to its last reading: who looks for a time need not look further."""


class Reading(Protocol):
    """What a meter said of one port at epoch milliseconds: volts, amps and watts, and its own energy counter in Wh.

    Volts and amps are None where the meter has none. The watts held for held_ms up to that time, as their mean.
    """

    @property
    def port_id(self) -> str: ...
    @property
    def timestamp_ms(self) -> int: ...
    @property
    def voltage(self) -> float | None: ...
    @property
    def current(self) -> float | None: ...
    @property
    def power(self) -> float: ...
    @property
    def energy(self) -> float | None: ...
    @property
    def held_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PortReading:
    """A reading as a device says it: volts, amps, watts; energy is the meter's own counter in Wh.

    Volts, amps and energy are None where the meter has none. The watts held for held_ms up to the timestamp.
    """

    port_id: str
    timestamp_ms: int
    voltage: float | None
    current: float | None
    power: float
    energy: float | None = None
    held_ms: int = 0


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One stored reading of a port: volts, amps (None: not measured) and watts at epoch milliseconds.

    The watts held for held_ms up to that time.
    """

    at_ms: int
    voltage: float | None
    current: float | None
    power: float
    held_ms: int = 0


Row = tuple[int, int, int | None, int | None, int | None, int]
"""One reading: its figures in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The readings of one port in a chunk, oldest first, one column a figure.

    Attributes:
        times_ms: Epoch ms.
        milliwatts: The watts; where a reading held, their mean over that time.
        millivolts: None where the meter does not measure volts.
        milliamps: None where the meter does not measure amps.
        milliwatt_hours: The meter's own energy counter, None where it says nothing; left out, it never does.
        held_ms: For how long up to its time each reading held; left out, none did.
    """

    times_ms: list[int] = field(default_factory=list)
    milliwatts: list[int] = field(default_factory=list)
    millivolts: list[int | None] = field(default_factory=list)
    milliamps: list[int | None] = field(default_factory=list)
    milliwatt_hours: list[int | None] = field(default_factory=list)
    held_ms: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.milliwatt_hours:
            self.milliwatt_hours.extend([None] * len(self.times_ms))
        if not self.held_ms:
            self.held_ms.extend([0] * len(self.times_ms))

    @property
    def is_counted(self) -> bool:
        """Whether the meter's counter is in any of the readings."""
        return any(count is not None for count in self.milliwatt_hours)

    def between(self, first_ms: int, last_ms: int) -> Columns:
        """The readings from one time to another, both included."""
        cut = slice(bisect_left(self.times_ms, first_ms), bisect_right(self.times_ms, last_ms))
        return Columns(
            self.times_ms[cut],
            self.milliwatts[cut],
            self.millivolts[cut],
            self.milliamps[cut],
            self.milliwatt_hours[cut],
            self.held_ms[cut],
        )

    def joined(self, later: Columns) -> Columns:
        """These readings and later ones."""
        return Columns(
            self.times_ms + later.times_ms,
            self.milliwatts + later.milliwatts,
            self.millivolts + later.millivolts,
            self.milliamps + later.milliamps,
            self.milliwatt_hours + later.milliwatt_hours,
            self.held_ms + later.held_ms,
        )

    @property
    def first_ms(self) -> int:
        """The time from which on it says something: that of the oldest reading, or the start of what held until one."""
        return min(at_ms - held_ms for at_ms, held_ms in zip(self.times_ms, self.held_ms, strict=True))

    def last_held_ms(self, at_ms: int) -> int:
        """The time of the last reading that held at a time; that time where none did."""
        start = bisect_right(self.times_ms, at_ms)
        held = zip(reversed(self.times_ms[start:]), reversed(self.held_ms[start:]), strict=True)
        return next((end_ms for end_ms, held_ms in held if end_ms - held_ms <= at_ms), at_ms)

    def rows(self) -> Iterator[Row]:
        """The readings one by one."""
        figures = (self.times_ms, self.milliwatts, self.millivolts, self.milliamps, self.milliwatt_hours, self.held_ms)
        return zip(*figures, strict=True)


def _thousandths(figures: Iterable[float | None]) -> list[int | None]:
    return [None if figure is None else round(figure * 1_000) for figure in figures]


def from_thousandths(figure: int | None) -> float | None:
    """Millivolts, milliamps or milliwatt-hours in their whole unit; None stays None."""
    return None if figure is None else figure / 1_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored run of readings of one device, by port, as it was sent.

    batch_sha256 is the digest of the readings of its whole batch; rebased_by_ms is what was added to their stamps.
    """

    device_uid: str
    device_id: str
    owner_id: str
    chunk_id: str
    stored_at_ms: int
    ports: Mapping[str, Columns]
    batch_sha256: str = ""
    rebased_by_ms: int = 0

    @property
    def first_ms(self) -> int:
        """The time of its oldest reading, or the start of what held until a reading."""
        return min(columns.first_ms for columns in self.ports.values())

    @property
    def last_ms(self) -> int:
        """The time of its newest reading."""
        return max(columns.times_ms[-1] for columns in self.ports.values())

    @property
    def identities(self) -> set[tuple[str, int]]:
        """The (port id, epoch ms) of each of its readings."""
        return {(port_id, at_ms) for port_id, columns in self.ports.items() for at_ms in columns.times_ms}


@dataclass(frozen=True, slots=True)
class SensorLog:
    """What a device's custom sensors said at one time."""

    device_uid: str
    device_id: str
    owner_id: str
    at_ms: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class SensorsChanged:
    """Custom sensors of a device have newer values: log holds all values of the newest time."""

    log: SensorLog

    @property
    def owner_id(self) -> str:
        """Whose device it is."""
        return self.log.owner_id


MOST_SENSORS_A_TIME = 256
"""Several programs of one device may each log up to 64 sensors under the same second."""


def merged_sensors(known: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """What is stored of one time after another log of it: of each name the first value that was stored.

    Raises Invalid for more than MOST_SENSORS_A_TIME names.
    """
    together = {**more, **known}
    if len(together) > MOST_SENSORS_A_TIME:
        message = f"A device has at most {MOST_SENSORS_A_TIME} sensors at one time."
        raise Invalid(message, code="too_many_sensors", field="sensors")
    return together


def rebase_ms(sent_at_ms: int, now_ms: int) -> int:
    """What to add to a device's stamps: the difference of the clocks, where it is more than a trifle."""
    difference_ms = now_ms - sent_at_ms
    return difference_ms if abs(difference_ms) > REBASE_BEYOND_MS else 0


def refusal(at_ms: int, now_ms: int, retention: Retention) -> str | None:
    """Why a time is not taken (a code of the contract), None if it is."""
    if at_ms > now_ms + MAX_AHEAD_MS:
        return "in_future"
    if at_ms < retention.oldest_ms(now_ms):
        return "too_old"
    return None


def by_port(stamped: Iterable[tuple[int, Reading]]) -> dict[str, Columns]:
    """Stamped readings as columns by port, oldest first."""
    ports: dict[str, list[tuple[int, Reading]]] = {}
    for pair in sorted(stamped, key=itemgetter(0)):
        ports.setdefault(pair[1].port_id, []).append(pair)
    return {port_id: _columns(pairs) for port_id, pairs in ports.items()}


def _columns(pairs: Sequence[tuple[int, Reading]]) -> Columns:
    readings = [reading for _, reading in pairs]
    return Columns(
        [at_ms for at_ms, _ in pairs],
        [round(reading.power * 1_000) for reading in readings],
        _thousandths([reading.voltage for reading in readings]),
        _thousandths([reading.current for reading in readings]),
        _thousandths([reading.energy for reading in readings]),
        [reading.held_ms for reading in readings],
    )


def runs(stamped: Sequence[tuple[int, Reading]]) -> list[list[tuple[int, Reading]]]:
    """Stamped readings, oldest first, cut into runs no longer than MAX_CHUNK_MS (nearly always one).

    How long they held does not count: a day's batch must stay below the 100 items of a transaction.
    """
    ordered = sorted(stamped, key=lambda pair: pair[0])
    cut: list[list[tuple[int, Reading]]] = []
    for pair in ordered:
        if not cut or pair[0] - cut[-1][0][0] > MAX_CHUNK_MS:
            cut.append([])
        cut[-1].append(pair)
    return cut


def merged(chunks: Sequence[Chunk]) -> dict[str, Columns]:
    """The readings of several chunks by port, oldest first; where two have one time, the first stored stands first."""
    if len(chunks) == 1:
        return dict(chunks[0].ports)
    rows: dict[str, list[Row]] = {}
    for chunk in chunks:
        for port_id, columns in chunk.ports.items():
            rows.setdefault(port_id, []).extend(columns.rows())
    ordered = {port_id: sorted(found, key=lambda row: row[0]) for port_id, found in rows.items()}
    return {port_id: Columns(*map(list, zip(*found, strict=True))) for port_id, found in ordered.items()}
