"""Reads recordings: CSV files of several makers, plain, .gz or .xz. Each error is one sentence with file and line."""

from __future__ import annotations

import csv
import gzip
import lzma
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

from ghostwatt_pi.measurement import MAX_AMPS, MAX_VOLTS, MAX_WATTS

SECONDS, EPOCH_MS, ISO = "t_seconds", "timestampms", ("timestamp", "last_changed", "last_updated")
POWER, VOLTS, AMPS = ("power_w", "power", "state"), ("voltage_v", "voltage"), ("current_a", "current")
"""Columns, in lower case, of our recordings, our history and Home Assistant's. The first that is present counts."""
ENTITY = "entity_id"
NO_VALUE = frozenset({"", "unavailable", "unknown", "none", "null"})
"""Values of a cell that mean a gap: nothing was measured."""
NEEDED_COLUMNS = (
    "t_seconds and power_w (perhaps voltage_v, current_a), or timestampMs and power (our history),"
    " or entity_id, state and last_changed (Home Assistant's history)"
)
THOUSANDS_DIGITS = 3
"""With so many digits behind it, a comma may also separate thousands."""


class ReplayError(Exception):
    """A file that is not a recording, or has no readings in the chosen hours."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a recording.

    Attributes:
        at_seconds: Seconds from the start of the recording.
        volts: Voltage; None where the recording has none.
        amps: Current; None where the recording has none.
        watts: Power.
        after_gap: Whether the recording says that nothing was measured just before.
    """

    at_seconds: float
    volts: float | None
    amps: float | None
    watts: float
    after_gap: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """The index of each value in a row; None for a column that is missing.

    Attributes:
        names: The header.
        time: The column of the time.
        scale: The unit of the time in seconds; None for ISO 8601.
        power: The column of the watts.
        volts: The column of the volts.
        amps: The column of the amps.
        entity: The column of Home Assistant's entity.
    """

    names: Sequence[str]
    time: int
    scale: float | None
    power: int
    volts: int | None
    amps: int | None
    entity: int | None


def read_samples(path: Path) -> Iterator[Sample]:
    """Yield the samples of a recording, in its order. Raises ReplayError, which names file, line and value."""
    lines = _Lines()
    try:
        with _open_text(path) as file:
            yield from _samples(lines.read(file))
    except FileNotFoundError:
        raise ReplayError(f"{path}: there is no such file") from None
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        why = "it ends in the middle" if isinstance(error, EOFError) else "it is damaged"
        raise ReplayError(f"{path}, after line {lines.number}: the archive cannot be unpacked, {why}") from error
    except OSError as error:
        raise ReplayError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ReplayError(f"{path}, after line {lines.number}: this is not UTF-8 text") from error
    except (ValueError, csv.Error) as error:
        raise ReplayError(f"{path}, line {lines.number}: {error}") from error


def _samples(lines: Iterator[str]) -> Iterator[Sample]:
    """Raises ValueError."""
    header = next(lines, None)
    if header is None:
        return
    delimiter = _delimiter(header)
    rows = _Rows(columns_of(_cells(header, delimiter)), delimiter)
    for line in lines:
        if sample := rows.sample(_cells(line, delimiter)):
            yield sample


class _Lines:
    """The lines of a file that are neither empty nor comments; `number` is the number of the last one."""

    def __init__(self) -> None:
        self.number = 1

    def read(self, file: TextIO) -> Iterator[str]:
        for self.number, line in enumerate(file, 1):
            if line.strip(" \t\r\n\0;,") and not line.lstrip().startswith("#"):
                yield line.rstrip("\r\n")


class _Rows:
    """Makes samples of rows, one after the other."""

    def __init__(self, columns: Columns, delimiter: str) -> None:
        self._columns, self._delimiter = columns, delimiter
        self._entity: str | None = None
        self._first_seconds: float | None = None
        self._last_seconds = -math.inf
        self._is_gap = False

    def sample(self, cells: Sequence[str]) -> Sample | None:
        """Make a sample; None for a row of a gap. Raises ValueError."""
        columns = self._columns
        self._check_entity(cells)
        at_seconds = self._seconds(cells)
        if not at_seconds > self._last_seconds:
            raise ValueError("its time is not after the line before")
        self._last_seconds = at_seconds
        if _cell(cells, columns, columns.power).casefold() in NO_VALUE:
            self._is_gap = True
            return None
        watts = self._number(cells, columns.power, MAX_WATTS)
        volts = self._optional(cells, columns.volts, MAX_VOLTS)
        amps = self._optional(cells, columns.amps, MAX_AMPS)
        sample, self._is_gap = Sample(at_seconds, volts, amps, watts, after_gap=self._is_gap), False
        return sample

    def _check_entity(self, cells: Sequence[str]) -> None:
        """Raise ValueError for a history of several entities, which is not a recording of one outlet."""
        if self._columns.entity is None:
            return
        entity = _cell(cells, self._columns, self._columns.entity)
        self._entity = self._entity or entity
        if entity != self._entity:
            raise ValueError(f"it has {self._entity} and {entity}: export one entity, the power in watts, to a file")

    def _seconds(self, cells: Sequence[str]) -> float:
        """Return the seconds from the start of the recording; the first of clock times is the start."""
        columns = self._columns
        text = _cell(cells, columns, columns.time)
        if columns.scale is None:
            seconds = _iso_seconds(columns.names[columns.time], text)
        else:
            seconds = self._number(cells, columns.time) * columns.scale
            if columns.scale == 1.0:
                return seconds
        self._first_seconds = seconds if self._first_seconds is None else self._first_seconds
        return seconds - self._first_seconds

    def _optional(self, cells: Sequence[str], column: int | None, most: float) -> float | None:
        """Parse a number; None where there is no column or no value."""
        if column is None or _cell(cells, self._columns, column).casefold() in NO_VALUE:
            return None
        return self._number(cells, column, most)

    def _number(self, cells: Sequence[str], column: int, most: float | None = None) -> float:
        name, text = self._columns.names[column], _cell(cells, self._columns, column)
        value = _parsed(name, text, self._delimiter)
        if most is not None and not 0 <= value <= most:
            raise ValueError(f"{name} is {text!r}: it must be a number from 0 to {most:g}")
        if not math.isfinite(value):
            raise ValueError(f"{name} is {text!r}: it must be a number")
        return value


def columns_of(names: Sequence[str]) -> Columns:
    """Find the columns in a header. Raises ValueError, which says what is needed and what is there."""
    places = {name.casefold(): index for index, name in reversed(list(enumerate(names)))}

    def find(*candidates: str) -> int | None:
        return next((places[name] for name in candidates if name in places), None)

    times = [(find(SECONDS), 1.0), (find(EPOCH_MS), 0.001), (find(*ISO), None)]
    time, scale = next(((place, scale) for place, scale in times if place is not None), (None, None))
    power = find(*POWER)
    if time is None or power is None:
        raise ValueError(f"a recording needs the columns {NEEDED_COLUMNS}; this file has {', '.join(names)}")
    return Columns(names, time, scale, power, find(*VOLTS), find(*AMPS), find(ENTITY))


def _open_text(path: Path) -> TextIO:
    """Open a file as UTF-8, with or without a byte order mark."""
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8-sig", newline="")
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")


def _delimiter(header: str) -> str:
    """Return the delimiter: a semicolon or a tab where the header has one, else a comma."""
    return next((mark for mark in ";\t" if mark in header), ",")


def _cells(line: str, delimiter: str) -> list[str]:
    (cells,) = csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True)
    return [cell.strip() for cell in cells]


def _cell(cells: Sequence[str], columns: Columns, column: int) -> str:
    if column >= len(cells):
        raise ValueError(f"{columns.names[column]} is missing: the line has {len(cells)} of {len(columns.names)} cells")
    return cells[column]


def _parsed(name: str, text: str, delimiter: str) -> float:
    """Parse a number, with a decimal comma where it cannot mean anything else. Raises ValueError."""
    whole, comma, decimals = text.partition(",")
    if comma:
        if "." in text or "," in decimals or (delimiter == "," and len(decimals) == THOUSANDS_DIGITS):
            raise ValueError(f"{name} is {text!r}: is the comma a decimal one? Write it with a point")
        text = f"{whole}.{decimals}"
    try:
        return float(text.replace("_", "x"))  # Python alone groups digits by underscores
    except ValueError:
        raise ValueError(f"{name} is {text!r}: it must be a number") from None


def _iso_seconds(name: str, text: str) -> float:
    """Parse a time to epoch seconds; a time without an offset is UTC. Raises ValueError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}: it must be a time as in 2026-01-31T12:00:00Z") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
