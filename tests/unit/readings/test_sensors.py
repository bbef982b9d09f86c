"""Free sensors in short: each value once, in the stretch it lies in."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.local_time import Span, even_spans, local_days
from chalicelib.core.times import HOUR_MS
from chalicelib.readings.model import SensorLog
from chalicelib.readings.sensors import summarised

LENGTH_MS = 1_000
values = st.floats(-1e15, 1e15)


def log(at_ms: int, said: dict[str, float]) -> SensorLog:
    return SensorLog("uid", "device", "owner", at_ms, said)


def span_of(at_ms: int) -> Span:
    return even_spans(at_ms, at_ms + 1, LENGTH_MS)[0]


@given(st.dictionaries(st.integers(0, 20_000), st.dictionaries(st.sampled_from("abc"), values), max_size=30))
def test_each_stretch_is_the_mean_and_the_extremes_of_its_own_values(said: dict[int, dict[str, float]]) -> None:
    found = list(summarised([log(at_ms, said[at_ms]) for at_ms in sorted(said)], span_of))
    assert [part.span.start_ms for part in found] == sorted({at_ms // LENGTH_MS * LENGTH_MS for at_ms in said})
    for part in found:
        inside = [said[at_ms] for at_ms in said if part.span.start_ms <= at_ms < part.span.end_ms]
        for name in "abc":
            own = [each[name] for each in inside if name in each]
            assert (name in part.sensors) == bool(own)
            if own:
                summary = part.sensors[name]
                assert (summary.least, summary.most) == (min(own), max(own))
                assert summary.mean == pytest.approx(fmean(own), rel=1e-9, abs=1e-3)


def test_no_more_logs_are_read_than_needed() -> None:
    asked: list[int] = []

    def logs() -> object:
        for at_ms in range(0, 10 * LENGTH_MS, LENGTH_MS // 2):
            asked.append(at_ms)
            yield log(at_ms, {"a": 1.0})

    next(summarised(logs(), span_of))  # type: ignore[arg-type]  # a generator of logs
    assert asked == [0, 500, 1_000]


def test_a_day_of_the_zone_may_have_25_hours() -> None:
    autumn_ms = 1_792_879_200_000  # 2026-10-25 00:00 in Berlin
    logs = [log(autumn_ms + hour * HOUR_MS, {"a": float(hour)}) for hour in range(26)]
    days = list(summarised(logs, lambda at_ms: local_days(at_ms, at_ms + 1, "Europe/Berlin")[0]))
    assert [part.sensors["a"].most for part in days] == [24.0, 25.0]
