"""Draws docs/detector-saved.svg and docs/detector-gap.svg from the recordings, taken a minute at a time.

python -m tests.benchmarks.plot_detector [place of the recordings [folder to write to]]
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.detection.explain import explain_decision
from chalicelib.ports.model import Rule
from tests.benchmarks.recordings import Recordings, place_from
from tests.benchmarks.scorer import WORTH_A_SHARE_WH
from tests.benchmarks.trace_detector import EPOCH_MS, ByMinute

WIDTH, BAR, LABELS = 760, 16, 250
SHOWN = ("TV__com_dev_D35939", "ActiveSpeakers__inc_dev_D331D8", "Refrigerator__inc_dev_B1C121")
"""A wide gap, the narrowest that is used, and a gap that a thermostat makes."""
LEAST_WATTS, MOST_WATTS = 0.4, 3_000.0
BLUE, GREY, RED = "#2563a8", "#9aa3ad", "#b3382c"


def main(arguments: Sequence[str]) -> None:
    recordings = Recordings(place_from(arguments))
    folder = Path(arguments[1]) if len(arguments) > 1 else Path("docs")
    (folder / "detector-saved.svg").write_text(_saved(recordings))
    (folder / "detector-gap.svg").write_text(_gaps(recordings))


def _saved(recordings: Recordings) -> str:
    """Standby saved of each recording, told nothing and told the kind, in percent of the oracle."""
    blind, told = recordings.run(ByMinute), recordings.run(ByMinute, kind=True)
    pairs = [pair for pair in zip(blind, told, strict=True) if pair[0]["oracle_wh"] >= WORTH_A_SHARE_WH]
    pairs.sort(key=lambda pair: -pair[0]["saved_wh"] / pair[0]["oracle_wh"])
    shapes = [_text(LABELS, 16, "Standby energy saved, % of an oracle (blue: told nothing, grey: told the kind)")]
    for number, (row, informed) in enumerate(pairs):
        top = 28 + number * (BAR + 6)
        shares = [100 * each["saved_wh"] / each["oracle_wh"] for each in (row, informed)]
        shapes += [
            _text(LABELS - 8, top + 12, row["trace"].replace("__", " "), anchor="end"),
            _bar(LABELS, top, 4 * shares[0], BLUE, BAR / 2),
            _bar(LABELS, top + BAR / 2, 4 * shares[1], GREY, BAR / 2),
            _text(LABELS + 4 * max(shares) + 6, top + 12, f"{shares[0]:.0f} / {shares[1]:.0f}"),
        ]
    return _svg(shapes, 40 + len(pairs) * (BAR + 6))


def _gaps(recordings: Recordings) -> str:
    """Histograms of minutes by power, with the learned threshold."""
    shapes: list[str] = []
    for number, trace in enumerate(SHOWN):
        shapes += _gap(recordings, trace, 170 * number)
    return _svg(shapes, 170 * len(SHOWN))


def _gap(recordings: Recordings, trace: str, top: float) -> list[str]:
    readings, _ = recordings.score.read_trace("dev", trace)
    rule = Rule()
    times, watts = [EPOCH_MS + at_s * 1_000 for at_s, _ in readings], [value for _, value in readings]
    known = explain_decision(step_detector(State(), rule, times, watts)[0], rule)
    threshold = known.threshold_watts or 0.0
    runs = f"idle comes in runs of {known.typical_idle_minutes:.0f} min"
    title = f"{trace.replace('__', ' ')}: threshold {threshold:.3g} W; {runs}"
    shapes = [_text(20, top + 16, title)]
    for bar in known.histogram:
        if bar.from_watts:
            left, right = _across(bar.from_watts), _across(bar.to_watts)
            height = 25 * math.log10(bar.minutes + 1)
            colour = GREY if bar.from_watts < threshold else BLUE
            shapes.append(_bar(left, top + 135 - height, right - left - 1, colour, height))
    shapes.append(_bar(_across(threshold), top + 25, 2, RED, 110))
    return shapes + [
        _text(_across(mark), top + 150, f"{mark:g} W", "middle") for mark in (0.5, 2, 5, 20, 100, 500, 2000)
    ]


def _across(watts: float) -> float:
    return 20 + (WIDTH - 40) * math.log(watts / LEAST_WATTS) / math.log(MOST_WATTS / LEAST_WATTS)


def _bar(left: float, top: float, width: float, colour: str, height: float) -> str:
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(left: float, top: float, words: str, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{words}</text>'


def _svg(shapes: Sequence[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif"'
    ground = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>'
    return "\n".join([f'{head} font-size="11">', ground, *shapes, "</svg>", ""])


if __name__ == "__main__":
    main(sys.argv[1:])
