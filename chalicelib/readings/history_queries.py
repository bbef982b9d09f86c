"""Queries of histories: which span, how fine, in which form, and the cursor from which a page goes on."""

from __future__ import annotations

import base64
import re
from typing import Annotated, Literal, NamedTuple, cast

import msgspec

from chalicelib.core.errors import Invalid
from chalicelib.core.local_time import UsageResolution
from chalicelib.core.schemas import DEFAULT_LIMIT, Cursor, SpanQuery
from chalicelib.core.times import LATEST_MS

POINTS = 2_000
"""The points that a chart has room for."""
MOST_POINTS = 10_000
"""The longest rows of these take 3 MB, so that a page stays below 4 MB."""
CURSOR = re.compile(r"(raw|5m|1h|1d) (\d{1,13})", re.ASCII)

Resolution = Literal["raw", "5m", "1h", "1d"]
Form = Literal["rows", "columns", "csv", "csv-bom"]
PointLimit = Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)]


class PageStart(NamedTuple):
    """Where a page begins: the resolution (None: not chosen yet) and the first and last time, epoch ms."""

    resolution: Resolution | None
    first_ms: int
    last_ms: int


class HistoryQuery(SpanQuery, frozen=True, kw_only=True):
    """Which part of an outlet's history, how fine, and in which form."""

    resolution: (
        Annotated[Resolution, msgspec.Meta(description="without it the finest that has at most width points")] | None
    ) = None
    width: Annotated[PointLimit, msgspec.Meta(description="the points that a chart has room for")] = POINTS
    format: Annotated[
        Literal["json", "csv", "csv-bom"],
        msgspec.Meta(description="csv-bom is CSV with a byte order mark, by which Excel knows UTF-8"),
    ] = "json"
    layout: Literal["rows", "columns"] = "rows"
    limit: Annotated[PointLimit, msgspec.Meta(description=f"without it {POINTS:,}")] | None = None
    cursor: Cursor | None = None

    @property
    def form(self) -> Form:
        """How to answer."""
        return self.layout if self.format == "json" else self.format

    @property
    def point_limit(self) -> int:
        """How many points a page has at most."""
        return POINTS if self.limit is None else self.limit

    @property
    def chart_points(self) -> int:
        """How many points a chosen resolution may have at most."""
        return min(self.width, self.point_limit)

    def page_start(self) -> PageStart:
        """Find where the page begins: at the cursor, else at the span's beginning. Raises Invalid (cursor)."""
        first_ms, last_ms = self.span_ms
        if not self.cursor:
            return PageStart(self.resolution, first_ms, last_ms)
        resolution, next_ms = _position(self.cursor)
        if resolution != (self.resolution or resolution):
            raise _bad_cursor()
        return PageStart(resolution, next_ms, last_ms)


class SensorQuery(HistoryQuery, frozen=True, kw_only=True):
    """Which part of the history of a device's sensors, how fine, and in which form."""

    resolution: (
        Annotated[Resolution, msgspec.Meta(description="raw, or mean, least and most of each stretch; without it raw")]
        | None
    ) = None
    limit: (
        Annotated[PointLimit, msgspec.Meta(description=f"without it {DEFAULT_LIMIT} raw logs, or {POINTS:,} stretches")]
        | None
    ) = None

    @property
    def log_limit(self) -> int:
        """How many raw logs a page has at most."""
        return DEFAULT_LIMIT if self.limit is None else self.limit

    @property
    def summary_resolution(self) -> UsageResolution | None:
        """The resolution of summaries, None for raw logs."""
        return None if self.resolution == "raw" else self.resolution


def encode_cursor(resolution: Resolution, next_ms: int | None) -> str | None:
    """Make the cursor of a page that goes on at a time; None at the end."""
    return None if next_ms is None else base64.urlsafe_b64encode(f"{resolution} {next_ms}".encode()).decode()


def _position(cursor: str) -> tuple[Resolution, int]:
    """Decode a cursor: a resolution, and the time from which to go on (epoch ms)."""
    try:
        match = CURSOR.fullmatch(base64.urlsafe_b64decode(cursor).decode())
    except ValueError:
        match = None
    if match is None or int(match[2]) > LATEST_MS:
        raise _bad_cursor()
    return cast("Resolution", match[1]), int(match[2])


def _bad_cursor() -> Invalid:
    return Invalid("This is not a cursor of this list.", code="invalid", field="cursor")
