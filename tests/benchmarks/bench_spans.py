"""make bench-spans: what the agent's dead band saves on the recordings, and what it costs in energy.

python -m tests.benchmarks.bench_spans [place of the recordings]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ghostwatt_pi.agent.spans import Spans
from ghostwatt_pi.buffer.batches import BufferedReading
from ghostwatt_pi.measurement import Measurement

from chalicelib.core.times import DAY_MS
from chalicelib.energy.slots import slots
from chalicelib.readings.model import Columns
from tests.benchmarks.recordings import Recordings, place_from
from tests.benchmarks.trace_detector import EPOCH_MS

SPAN_SECONDS = 60
PORT_ID = "AbCdEfGhIjKlMnOp.QrStUvWxYz"
MOST_REPEATED_MS = 10_000
"""A longer time without a reading is a gap of the recording."""
VOLTS, VOLT_AMPS = 230.1, 230.0
"""The recordings have watts only; a meter's readings have volts and amps too, and their bytes count."""
SHOWN = 8
AGENT_SECONDS = 2
"""How often the agent measures; the recordings have a reading in 5 s."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording's measurements."""

    name: str
    days: float
    measured: int
    sent: int
    measured_bytes: int
    sent_bytes: int
    measured_microjoules: int
    sent_microjoules: int
    measured_at_agents_pace: int
    sent_at_agents_pace: int

    @property
    def share(self) -> float:
        """The readings sent, as a part of the measurements."""
        return self.sent / self.measured

    @property
    def energy_error(self) -> float:
        """The energy of what is sent, less that of all measurements, as a part of the latter."""
        return self.sent_microjoules / self.measured_microjoules - 1 if self.measured_microjoules else 0.0


def outcome(name: str, samples: Sequence[tuple[float, float]], span_seconds: float = SPAN_SECONDS) -> Outcome:
    """Play a recording, (seconds, watts) of each reading, through the agent's spans."""
    measured = [
        Measurement(1, EPOCH_MS + round(seconds * 1000), VOLTS, round(watts / VOLT_AMPS, 3), watts)
        for seconds, watts in samples
    ]
    sent = joined(measured, span_seconds)
    repeated = at_agents_pace(measured)
    return Outcome(
        name=name,
        days=(measured[-1].timestamp_ms - measured[0].timestamp_ms) / DAY_MS,
        measured=len(measured),
        sent=len(sent),
        measured_bytes=json_bytes(measured),
        sent_bytes=json_bytes(sent),
        measured_microjoules=microjoules(measured),
        sent_microjoules=microjoules(sent),
        measured_at_agents_pace=len(repeated),
        sent_at_agents_pace=len(joined(repeated, span_seconds)),
    )


def joined(measured: Sequence[Measurement], span_seconds: float) -> list[Measurement]:
    """What the agent sends of these measurements."""
    spans = Spans(span_seconds)
    return [reading for each in measured for reading in spans.add(each)] + spans.end()


def at_agents_pace(measured: Sequence[Measurement]) -> list[Measurement]:
    """The same values as an agent sees them that measures more often: each until the next one, but not in a gap."""
    pace_ms, repeated = AGENT_SECONDS * 1000, list[Measurement]()
    for before, after in pairwise(measured):
        start_ms = max(before.timestamp_ms, repeated[-1].timestamp_ms + pace_ms if repeated else 0)
        end_ms = min(after.timestamp_ms, before.timestamp_ms + MOST_REPEATED_MS)
        repeated += [replace(before, timestamp_ms=at_ms) for at_ms in range(start_ms, end_ms, pace_ms)]
    return repeated


def json_bytes(readings: Sequence[Measurement]) -> int:
    """The bytes of these readings in the bodies of batches."""
    return sum(
        len(json.dumps(BufferedReading(0, PORT_ID, r.timestamp_ms, r.voltage, r.current, r.power, r.held_ms).to_json()))
        for r in readings
    )


def microjoules(readings: Sequence[Measurement]) -> int:
    """Their energy, by the rules of the cloud."""
    columns = Columns(
        [reading.timestamp_ms for reading in readings],
        [round(reading.power * 1000) for reading in readings],
        held_ms=[reading.held_ms for reading in readings],
    )
    first_ms, last_ms = readings[0].timestamp_ms, readings[-1].timestamp_ms
    return sum(usage.microjoules for usage in slots(columns, None, first_ms - DAY_MS, last_ms + DAY_MS))


def main(arguments: Sequence[str]) -> None:
    """Print a table for each set of recordings."""
    place = place_from(arguments)
    if not (place / "score.py").exists():
        sys.exit(f"There are no recordings at {place}: nothing is measured.")
    for name in ("dev", "dev2"):
        recordings = Recordings(place, [name])
        outcomes = []
        for meta in recordings.metas:
            samples, _ = recordings.score.read_trace(meta["split"], meta["trace"])
            outcomes.append(outcome(meta["trace"], samples))
            recordings.score.read_trace.cache_clear()
        _table(name, sorted(outcomes, key=lambda each: -each.share))


def _table(name: str, outcomes: Sequence[Outcome]) -> None:
    total = Outcome(
        f"all {len(outcomes)} of {name}",
        sum(each.days for each in outcomes),
        sum(each.measured for each in outcomes),
        sum(each.sent for each in outcomes),
        sum(each.measured_bytes for each in outcomes),
        sum(each.sent_bytes for each in outcomes),
        sum(each.measured_microjoules for each in outcomes),
        sum(each.sent_microjoules for each in outcomes),
        sum(each.measured_at_agents_pace for each in outcomes),
        sum(each.sent_at_agents_pace for each in outcomes),
    )
    half = sorted(each.share for each in outcomes)[len(outcomes) // 2]
    worst = max(outcomes, key=lambda each: abs(each.energy_error))
    print(f"\n{name}: the median recording sends {half:.1%}; the {SHOWN} that send most, the worst energy, all:\n")  # noqa: T201
    print("| recording | days | measured | sent | share | bytes | energy |")  # noqa: T201
    print("|---|---|---|---|---|---|---|")  # noqa: T201
    for each in (*outcomes[:SHOWN], worst, total):
        print(  # noqa: T201
            f"| {each.name} | {each.days:.0f} | {each.measured:,} | {each.sent:,} | {each.share:.1%} |"
            f" {each.sent_bytes / each.measured_bytes:.1%} | {100 * each.energy_error:+.3f} % |",
            flush=True,
        )
    measured, sent = total.measured_at_agents_pace, total.sent_at_agents_pace
    print(f"\nMeasured every {AGENT_SECONDS} s, the same values: {sent:,} of {measured:,}, {sent / measured:.1%}.")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
