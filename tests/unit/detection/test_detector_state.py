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
TELEVISION_3 = (
    "c-mujnDP2zHzNZKICzI|0P~pPLJ|)Dp#ZLEwmym;82>C>sM3Lz!Jq^p3X{F{{?5e11{@B1K5i|WR`}2UzlveYjKB~F1_Ize11lcc&x{Nd0viVU1CXN"
    "u!K)`x"
)
WASHING_MACHINE_3 = (
    "c-mwB;5Yk9HzNZCG(<aCMQs4{SQubp)eirm04DTcemg=B1BU~QFACS=@4&zSGugp1`4WgWF$Mu)hdEBgLB}*X9A?b~fk+2V1_nkTWM=@;5P)nsgAii`"
    "69YjojR-ZkfizWhF%qGdi2(oxJ13t"
)
GIVEN_3 = (
    "c-mtw_{D#rn~?zyoI^K&d2B#@1`L!P4g~)=4_C8uGn}8E1_E4gz9dlk?|&eeAL78kut5hR`X355F)GU`^olxI9MX{Uk>_^!uVUCTBM_t#1sIf~2?#SX"
    "5CtR|$O9q_0|Nl(2{Cg"
)
"""The same as format 3 packed them, amid a fold: half a minute of standby, of use, of 0 W."""


def stored(text: str) -> bytes:
    return zlib.decompress(base64.b85decode(text))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        *((text, 2) for text in (TELEVISION, WASHING_MACHINE, GIVEN)),
        *((text, 3) for text in (TELEVISION_3, WASHING_MACHINE_3, GIVEN_3)),
    ],
)
def test_a_state_of_a_format_before_is_read_and_kept(text: str, version: int) -> None:
    old = stored(text)
    assert old[0] == version
    state = State.unpack(old)
    assert state.is_sound
    assert State.unpack(state.pack()) == state
    assert state.pack()[0] == 4


def test_the_fold_under_way_of_the_release_before_goes_on() -> None:
    television, washer = State.unpack(stored(TELEVISION_3)), State.unpack(stored(WASHING_MACHINE_3))
    assert (television.fold_since_ms, television.covered_ms) == (1_700_033_940_000, 20_000)
    assert television.fold_microjoules == 2_000 * 20_000
    assert (television.use_ms, washer.use_ms, washer.use_microjoules) == (0, 30_000, 110_000 * 30_000)
    assert (washer.uses_learnt, washer.false_learnt, washer.last_bin, washer.last_minutes) == (7, 1, 18, 1)
    times = [washer.watermark_ms + number * 10_000 for number in range(1, 7)]
    used, _ = step_detector(washer, Rule(policy="cut", uses_confirmed=7, false_cuts=1), times, [110.0] * 6)
    assert used.watt_minutes[49] == washer.watt_minutes[49] + 1


def test_the_stretch_of_a_given_rule_goes_on_over_the_update() -> None:
    state = State.unpack(stored(GIVEN_3))
    assert (state.fixed_zero_ms, state.fixed_microjoules) == (30_000, 5_049_000_000)
    times = [state.watermark_ms + number * 10_000 for number in range(1, 28)]
    finding = step_detector(state, Rule(threshold_watts=10, dwell_seconds=1_800), times, [3.3] * 27)[1].finding
    assert finding is not None
    assert finding.since_ms == 1_700_001_240_000


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
