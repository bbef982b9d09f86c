"""Joins steady measurements into spans, so that a home sends a tenth of what it measures.

While the watts of an outlet stay within its dead band nothing is sent. A span that ends goes out as one reading: its
time-weighted mean, stamped with the last moment it held, and how long it held (`held_ms`). A span ends

- when the watts leave the band: then the new value goes out too, as a reading of its own;
- when it is as long as `span_seconds`: the next span begins at that moment;
- when the outlet's relay is switched;
- at a silence: after two missed measurements, an error of the meter, or JOIN_MS without a measurement.

A span claims only what was watched. Two measurements more than JOIN_MS apart do not join, however equal they are:
nobody knows what the appliance did in between. They go out one by one, as before. A meter that reports every change by
itself (`Measurement.reports_changes`) is different: that it said nothing for up to MAX_HELD_MS is an answer. Then the
old value held until the moment of the new one, and the span ends a millisecond before that.

Every span begins at the timestamp of a reading that went out. So a cloud that knows no spans can take the same readings
without `held_ms`, and joins them by straight lines. All times are those of `now_ms`, a clock that never jumps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ghostwatt_pi.agent.dead_band import DeadBand
from ghostwatt_pi.measurement import Measurement

JOIN_MS = 30_000
"""Two measurements further apart than this do not confirm what lies between them."""
MISSED_INTERVALS = 2.5
"""A silence of more than this many of the meter's own intervals: two measurements are missing."""
INTERVALS = 9
MAX_HELD_MS = 900_000
"""The contract's bound, and the longest silence of a meter that reports changes."""
WATTS_DECIMALS, VOLTS_DECIMALS, AMPS_DECIMALS = 4, 2, 4


class Spans:
    """The spans of all outlets that are under way. Use it from one thread at a time.

    Args:
        span_seconds: The longest span, in seconds of the measurements' timestamps.
    """

    def __init__(self, span_seconds: float) -> None:
        self._span_ms = round(span_seconds * 1000)
        self._outlets: dict[int, _Outlet] = {}

    def add(self, measurement: Measurement, *, is_switching: bool = False) -> list[Measurement]:
        """Take the next measurement of an outlet, and return the readings to send, in the order of their times.

        Args:
            measurement: The measurement.
            is_switching: The outlet's relay was switched since the measurement before. Then this one goes out.
        """
        outlet = self._outlets.setdefault(measurement.channel, _Outlet(self._span_ms))
        return list(outlet.add(measurement, is_switching=is_switching))

    def due(self, at_ms: int) -> list[Measurement]:
        """Return the readings that a silence or the passing of time has completed at this moment."""
        return [reading for outlet in self._outlets.values() for reading in outlet.due(at_ms)]

    def end(self) -> list[Measurement]:
        """End all spans, and return their readings."""
        return [reading for outlet in self._outlets.values() for reading in outlet.end()]


class _Outlet:
    """One outlet: its dead band, its meter's interval, and the span under way."""

    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._band = DeadBand()
        self._intervals: deque[int] = deque(maxlen=INTERVALS)
        self._newest_ms: int | None = None
        self._span: _Span | None = None

    def add(self, measurement: Measurement, *, is_switching: bool) -> Iterator[Measurement]:
        span = self._span
        joins = span is not None and not is_switching and self._joins(span.newest, measurement)
        self._learn(measurement)
        if span is None or not joins:
            yield from self.end()
            yield self._begin(measurement)
            return
        if not self._band.holds(min(span.least, measurement.power), max(span.most, measurement.power)):
            if measurement.reports_changes:
                yield from self._carry(span, measurement.timestamp_ms - 1)
            yield from self.end()
            yield self._begin(measurement)
            return
        interval_ms = measurement.timestamp_ms - span.newest.timestamp_ms
        if measurement.reports_changes:
            yield from self._carry(span, measurement.timestamp_ms)
        elif measurement.timestamp_ms - span.start_ms > self._span_ms:
            yield from span.close()
        span.extend(measurement)
        if measurement.timestamp_ms - span.start_ms + interval_ms > self._span_ms:
            yield from span.close()

    def due(self, at_ms: int) -> Iterator[Measurement]:
        span = self._span
        if span is None:
            return
        if at_ms - span.newest.timestamp_ms > self._limit_ms(span.newest):
            yield from self.end()
        elif at_ms - span.start_ms > self._span_ms:
            yield from span.close()

    def end(self) -> Iterator[Measurement]:
        if self._span:
            yield from self._span.close()
            self._span = None

    def _begin(self, measurement: Measurement) -> Measurement:
        self._span = _Span(measurement)
        return measurement

    def _carry(self, span: _Span, to_ms: int) -> Iterator[Measurement]:
        """Let the newest value of a meter that reports changes hold until `to_ms`, in spans that are not too long."""
        while (end_ms := min(to_ms, span.start_ms + self._span_ms)) > span.newest.timestamp_ms:
            span.extend(replace(span.newest, timestamp_ms=end_ms))
            if end_ms - span.start_ms >= self._span_ms:
                yield from span.close()

    def _learn(self, measurement: Measurement) -> None:
        self._band.learn(measurement.power)
        if self._newest_ms is not None and measurement.timestamp_ms > self._newest_ms:
            self._intervals.append(measurement.timestamp_ms - self._newest_ms)
        self._newest_ms = measurement.timestamp_ms

    def _joins(self, before: Measurement, measurement: Measurement) -> bool:
        """Whether nothing can have happened unseen between two measurements."""
        is_same_relay = None in (before.relay, measurement.relay) or before.relay == measurement.relay
        passed_ms = measurement.timestamp_ms - before.timestamp_ms
        return not measurement.after_gap and is_same_relay and 0 < passed_ms <= self._limit_ms(measurement)

    def _limit_ms(self, measurement: Measurement) -> float:
        if measurement.reports_changes:
            return MAX_HELD_MS
        typical_ms = sorted(self._intervals)[len(self._intervals) // 2] if self._intervals else JOIN_MS
        return min(MISSED_INTERVALS * typical_ms, JOIN_MS, self._span_ms)


class _Span:
    """From the last reading that went out (`start_ms`) to the newest measurement, with the sums for its means."""

    def __init__(self, first: Measurement) -> None:
        self.newest = first
        self.start_ms = first.timestamp_ms
        self.least = self.most = first.power
        self._watts = 0.0
        self._volts: float | None = 0.0
        self._amps: float | None = 0.0

    def extend(self, measurement: Measurement) -> None:
        """Add the time up to a measurement: between two of them the values change along a straight line."""
        passed_ms = measurement.timestamp_ms - self.newest.timestamp_ms
        self._watts += (self.newest.power + measurement.power) / 2 * passed_ms
        self._volts = _add_area(self._volts, self.newest.voltage, measurement.voltage, passed_ms)
        self._amps = _add_area(self._amps, self.newest.current, measurement.current, passed_ms)
        self.newest = measurement
        self.least, self.most = min(self.least, measurement.power), max(self.most, measurement.power)

    def close(self) -> Iterable[Measurement]:
        """Return the reading of the span, if it has lasted, and begin the next one at its end."""
        held_ms = self.newest.timestamp_ms - self.start_ms
        if held_ms <= 0:
            return ()
        reading = replace(
            self.newest,
            voltage=None if self._volts is None else round(self._volts / held_ms, VOLTS_DECIMALS),
            current=None if self._amps is None else round(self._amps / held_ms, AMPS_DECIMALS),
            power=round(self._watts / held_ms, WATTS_DECIMALS),
            held_ms=held_ms,
        )
        self._restart()
        return (reading,)

    def _restart(self) -> None:
        self.start_ms = self.newest.timestamp_ms
        self.least = self.most = self.newest.power
        self._watts = self._volts = self._amps = 0.0


def _add_area(area: float | None, before: float | None, now: float | None, passed_ms: int) -> float | None:
    """Add the area under the line between two values; without either of them there is no mean."""
    if area is None or before is None or now is None:
        return None
    return area + (before + now) / 2 * passed_ms
