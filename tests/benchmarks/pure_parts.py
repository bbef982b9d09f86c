"""python -m tests.benchmarks.pure_parts TIMES: what a batch of 150 readings goes through without a database.

For counting instructions: decode, judge, make columns, pack, unpack, detect.
"""

from __future__ import annotations

import json
import random
import sys

from chalicelib.accounts.retention import Retention
from chalicelib.core.decoding import decode
from chalicelib.detection.detector import step_detector
from chalicelib.detection.detector_state import State
from chalicelib.ports.model import Rule
from chalicelib.readings import chunk_codec, schemas
from chalicelib.readings.device_handlers import decode_readings
from chalicelib.readings.model import by_port
from chalicelib.readings.service import judge

READINGS, PORTS = 150, 4
NOW_MS = 1_700_000_000_000


def body() -> bytes:
    """A batch of four outlets, at wandering mains."""
    noise = random.Random(1)  # noqa: S311 - a meter's noise, no secret
    readings = [
        {
            "portId": f"uid-{number % PORTS:06x}",
            "timestampMs": NOW_MS - 300_000 + 500 * number + noise.randrange(20),
            "voltage": 230.1 + noise.choice((0.0, 0.1)),
            "current": 0.379,
            "power": round(noise.gauss(87, 2), 1),
        }
        for number in range(READINGS)
    ]
    return json.dumps({"batchId": "batch", "sentAtMs": NOW_MS, "readings": readings}).encode()


def handle(raw: bytes) -> None:
    """All of it, once."""
    decoded, _ = decode_readings(decode(raw, schemas.Batch).readings)
    ports = {f"uid-{number:06x}" for number in range(PORTS)}
    stamped = judge(decoded, ports, Retention(), 0, NOW_MS)
    columns = by_port([(entry.at_ms, entry.reading) for entry in stamped])  # type: ignore[union-attr]  # none is refused
    for of_port in chunk_codec.unpack(chunk_codec.pack(columns)).values():
        watts = [milliwatts / 1_000 for milliwatts in of_port.milliwatts]
        step_detector(State(), Rule(), of_port.times_ms, watts)


if __name__ == "__main__":
    sent = body()
    for _ in range(int(sys.argv[1])):
        handle(sent)
