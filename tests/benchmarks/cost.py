"""What a port costs in a month on AWS: measured calls and units times published prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from tests.benchmarks.event_work import HOUR, chunk_name
from tests.benchmarks.household import PORTS, SAMPLE_MS
from tests.benchmarks.meter import Cost
from tests.benchmarks.route_work import MINUTES_BEAT, ONE_READING, SILENT_BEAT, batch_name

MILLION = 1_000_000
PRICES = "AWS on-demand prices, us-east-1, first tier, no free tier, as published since 2024-11-01"
"""Pages: aws.amazon.com/dynamodb/pricing/on-demand, aws.amazon.com/api-gateway/pricing, aws.amazon.com/lambda/pricing.
The date is that of the last change among them: DynamoDB halved what a request costs."""
DOLLARS_A_WRITE_UNIT = 0.625 / MILLION
DOLLARS_A_READ_UNIT = 0.125 / MILLION
DOLLARS_A_GATEWAY_REQUEST = 3.50 / MILLION
DOLLARS_AN_INVOCATION = 0.20 / MILLION
DOLLARS_A_GB_SECOND = 0.0000133334
"""Lambda on arm64."""
API_MB, EVENTS_MB = 1_024, 512
"""The memory of the functions behind the gateway and of the others, as in .chalice/config.json."""
WHOLE_CPU_MB = 1_769
"""Lambda gives CPU by memory, a whole one at this (docs.aws.amazon.com/lambda: configuring memory)."""
DATABASE_MS = 5.0
"""Assumed: what a function waits for a call of DynamoDB, whose answers take single-digit milliseconds."""
MONTH_SECONDS = 30 * 86_400
BEAT_SECONDS = 60
HOUR_SECONDS = 3_600
READINGS_A_MONTH = MONTH_SECONDS * 1_000 // SAMPLE_MS


@dataclass(frozen=True, slots=True)
class Dollars:
    """A price by what it is paid for."""

    gateway: float = 0.0
    functions: float = 0.0
    reads: float = 0.0
    writes: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.gateway + self.functions + self.reads + self.writes

    def times(self, factor: float) -> Dollars:
        """So many of them."""
        return Dollars(*(part * factor for part in astuple(self)))


def dollars(cost: Cost) -> Dollars:
    """What one call costs."""
    return Dollars(
        gateway=DOLLARS_A_GATEWAY_REQUEST if cost.work.over_http else 0.0,
        functions=_invocation(cost.cpu_ms, len(cost.calls), API_MB if cost.work.over_http else EVENTS_MB),
        reads=cost.read_units * DOLLARS_A_READ_UNIT,
        writes=cost.write_units * DOLLARS_A_WRITE_UNIT,
    )


def _invocation(cpu_ms: float, calls: int, memory_mb: int) -> float:
    billed_ms = math.ceil(cpu_ms * WHOLE_CPU_MB / memory_mb + DATABASE_MS * calls)
    return DOLLARS_AN_INVOCATION + billed_ms / 1_000 * memory_mb / 1_024 * DOLLARS_A_GB_SECOND


def added(parts: Sequence[Dollars]) -> Dollars:
    """The sum, kept apart by what is paid for."""
    return Dollars(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))


def port_month(costs: Mapping[str, Cost], upload_seconds: int, batches: int) -> Dollars:
    """A month of one port of a device that uploads so often, in so many batches, and is heard once a minute.

    Each batch is one request and one invocation of the stream handler. An upload stands for the beat of its minute;
    either writes the device's presence. Each hour is rolled up once.
    """
    readings = upload_seconds * 1_000 // SAMPLE_MS * PORTS // batches
    batch = added([dollars(costs[batch_name(readings)]), dollars(costs[chunk_name(readings)])])
    uploads = batch.times(MONTH_SECONDS / upload_seconds * batches)
    beats = dollars(costs[MINUTES_BEAT]).times(MONTH_SECONDS / BEAT_SECONDS - MONTH_SECONDS / upload_seconds)
    writing = added([dollars(costs[MINUTES_BEAT]), dollars(costs[SILENT_BEAT]).times(-1)])
    presence = writing.times(MONTH_SECONDS / upload_seconds)
    hours = dollars(costs[HOUR]).times(MONTH_SECONDS / HOUR_SECONDS)
    return added([uploads, beats, presence, hours]).times(1 / PORTS)


def naive_port_month(costs: Mapping[str, Cost]) -> Dollars:
    """A month of one port whose every reading is a request of its own, as in the guides that the contract comes from.

    It reads the device's key and the port's state, half a unit each, and writes the reading and the state, one unit
    each, with no index. Its function takes the CPU time of our own route for one reading.
    """
    one = Dollars(
        gateway=DOLLARS_A_GATEWAY_REQUEST,
        functions=_invocation(costs[ONE_READING].cpu_ms, 4, EVENTS_MB),
        reads=2 * 0.5 * DOLLARS_A_READ_UNIT,
        writes=2 * DOLLARS_A_WRITE_UNIT,
    )
    return one.times(READINGS_A_MONTH)
