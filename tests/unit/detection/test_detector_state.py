"""What is stored of a port stays readable."""

from __future__ import annotations

import base64
import zlib

import pytest

from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.ports.model import Rule

TELEVISION = (
    "c-mt!=zn&xn~?zq99+XUfO%|iAq|KBPykmnTOUOajDH*^@}R<jfx(~zA_|ke_5RMp!v-7<dp>S0n^ySG{=bT0%Z$Jf2Tlf}!DmJW"
    "3V{s+{Q=0)0Q9dX7y"
)
WASHING_MACHINE = (
    "c-munpg#LbHzNZSa5z{+Z2<F_VL}W_4*#J5CgNb3d<j_(jGw~<6%v^1z`$T21QCVFnizwCu)`du;-F)i91gQ)f<UALn=}I>5V8aH"
    "fy|6xVju{n5upY*kfwqzMl3AcfRO<J^#LI%"
)
GIVEN = (
    "c-mtMSi^szn~{Mb4Gg#(oI^JNc?=9J3@|Y*hXcVs&Ub@FfneumI6ob#2ga8KO8@;21oJ~27#KF_Kt%sT!6rs!IfY(P2a7`*az66h"
    "4&2HA10|$_99S910FvZrVh~{%C;$NG3NOq"
)
"""States as format 2 packed them: a television that stands by, a washing machine judged wrong once, a given rule."""


def stored(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


@pytest.mark.parametrize("text", [TELEVISION, WASHING_MACHINE, GIVEN])
def test_a_state_of_the_format_before_is_read_and_kept(text: str) -> None:
    old = stored(text)
    assert old[0] == 2
    state = State.unpack(old)
    assert State.unpack(state.pack()) == state
    assert state.pack()[0] == 3


def test_what_was_learned_is_still_known() -> None:
    television, washer = State.unpack(stored(TELEVISION)), State.unpack(stored(WASHING_MACHINE))
    assert (television.watermark_ms, television.last_watts) == (1_700_033_630_000, 2.0)
    assert television.threshold_watts == pytest.approx(3.0238105197476957)
    assert (television.watt_minutes[14], television.watt_minutes[47], sum(television.watt_minutes)) == (499, 60, 559)
    assert television.idle_runs[25] == sum(television.idle_runs) == 1
    assert (washer.uses_learnt, washer.false_learnt) == (7, 1)
    assert (washer.heat_minutes, washer.heated_sessions, washer.sustained_sessions) == (27, 1, 1)
    assert (washer.watt_minutes[0], washer.watt_minutes[18], washer.watt_minutes[49]) == (600, 662, 27)


def test_the_detector_goes_on_from_an_old_state() -> None:
    state = State.unpack(stored(GIVEN))
    times = [state.watermark_ms + number * 10_000 for number in range(1, 28)]
    finding = step_detector(state, Rule(threshold_watts=10, dwell_seconds=1_800), times, [3.3] * 27)[1].finding
    assert finding is not None
    assert finding.since_ms == 1_700_001_240_000
    assert finding.watts == pytest.approx(3.3)


@pytest.mark.parametrize("text", [TELEVISION, WASHING_MACHINE, GIVEN])
def test_a_copy_is_equal_and_apart(text: str) -> None:
    state = State.unpack(stored(text))
    copy = state.copy()
    copy.watt_minutes[1] += 1
    assert copy != state
