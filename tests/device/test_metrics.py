from __future__ import annotations

import re

from ghostwatt_pi.local.metrics import render
from ghostwatt_pi.local.snapshot import OutletSnapshot, Snapshot
from ghostwatt_pi.version import VERSION

FULL = Snapshot(
    measured=1200,
    settled={"stored": 900, "duplicate": 2, "rejected": 1},
    waiting=297,
    dropped=5,
    uploads=4,
    calls_failed=3,
    outages=1,
    cloud_away=True,
    last_upload_at_ms=1_700_000_000_500,
    clock_offset_seconds=-0.25,
    serial_errors={"garbled": 7},
    outlets=(OutletSnapshot(1, "on", 230.1, 0.4, 92.0, 1, 1.0), OutletSnapshot(2, "off")),
)


def values(snapshot: Snapshot) -> dict[str, str]:
    lines = [line for line in render(snapshot, "GW-1").splitlines() if not line.startswith("#")]
    return dict(line.rsplit(" ", 1) for line in lines)


def test_every_value_of_the_snapshot_is_a_metric() -> None:
    found = values(FULL)
    wanted = {
        f'build_info{{version="{VERSION}",device="GW-1"}}': "1",
        "readings_measured_total": "1200",
        'readings_settled_total{status="stored"}': "900",
        'readings_settled_total{status="rejected"}': "1",
        "readings_dropped_total": "5",
        "spool_readings": "297",
        "uploads_total": "4",
        "calls_failed_total": "3",
        "cloud_outages_total": "1",
        "cloud_up": "0",
        "last_upload_timestamp_seconds": "1700000000.5",
        "clock_offset_seconds": "-0.25",
        'serial_errors_total{sort="garbled"}': "7",
        'serial_errors_total{sort="bad_crc"}': "0",
        'relay_on{channel="1"}': "1",
        'relay_on{channel="2"}': "0",
        'volts{channel="1"}': "230.1",
        'amperes{channel="1"}': "0.4",
        'watts{channel="1"}': "92",
        'joules_total{channel="1"}': "3600",
    }
    assert {name: found.get(f"ghostwatt_{name}") for name in wanted} == wanted


def test_what_is_not_known_is_left_out_rather_than_zero() -> None:
    found = values(Snapshot(outlets=(OutletSnapshot(1),)))
    assert "ghostwatt_spool_readings" not in found
    assert 'ghostwatt_watts{channel="1"}' not in found


def test_every_line_is_of_the_text_format() -> None:
    name = r"ghostwatt_[a-z_]+"
    sample = rf'{name}(\{{([a-z]+="[^"]*",?)+\}})? -?[0-9.e+]+'
    for line in render(FULL, "GW-1").splitlines():
        assert re.fullmatch(rf"# HELP {name} .+|# TYPE {name} (counter|gauge)|{sample}", line), line


def test_a_label_is_escaped() -> None:
    assert 'device="a\\"b\\\\c\\nd"' in render(Snapshot(), 'a"b\\c\nd')
