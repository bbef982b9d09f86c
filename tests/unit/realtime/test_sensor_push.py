"""The push of sensor values: a page can merge it into an entry of the device list."""

from __future__ import annotations

import json

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.devices.schemas import LIST_FIELDS
from chalicelib.realtime.schemas import SensorDataPush, encode_push

OWN_FIELDS = ("type", "deviceId", "device_id", "timestamp", "sensors", "units")
NAMES = st.one_of(st.sampled_from([*OWN_FIELDS, *LIST_FIELDS, "__proto__"]), st.text(min_size=1, max_size=64))


@given(st.dictionaries(NAMES, st.floats(-1e15, 1e15), min_size=1, max_size=8))
@example({"temperature": 21.5})
def test_no_sensor_replaces_a_field_of_the_push_or_of_the_list(sensors: dict[str, float]) -> None:
    push = SensorDataPush(device_id="GW-1", plain_device_id="GW-1", timestamp="T", sensors=sensors, units={})
    plain = msgspec.to_builtins(push)
    encoded = json.loads(encode_push(push))
    assert {name: encoded[name] for name in OWN_FIELDS} == plain
    flat = {name: value for name, value in sensors.items() if name not in {*OWN_FIELDS, *LIST_FIELDS}}
    assert {name: value for name, value in encoded.items() if name not in OWN_FIELDS} == flat
