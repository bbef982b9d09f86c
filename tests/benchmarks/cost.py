"""What a port costs in a month on AWS: measured calls and units times published prices."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

from tests.benchmarks import plain
from tests.benchmarks.event_work import HOUR, chunk_name
from tests.benchmarks.household import PORTS, SAMPLE_MS
from tests.benchmarks.meter import Cost
from tests.benchmarks.route_work import MINUTES_BEAT, MOVING_BEAT, SILENT_BEAT, batch_name

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
        functions=DOLLARS_AN_INVOCATION + math.ceil(function_ms(cost)) / 1_000 * _gigabytes(cost) * DOLLARS_A_GB_SECOND,
        reads=cost.read_units * DOLLARS_A_READ_UNIT,
        writes=cost.write_units * DOLLARS_A_WRITE_UNIT,
    )


def function_ms(cost: Cost) -> float:
    """How long a function is at it: its CPU time at the share of a CPU that its memory gives, and the database's."""
    return cost.cpu_ms * WHOLE_CPU_MB / _memory_mb(cost) + DATABASE_MS * len(cost.calls)


def _memory_mb(cost: Cost) -> int:
    return API_MB if cost.work.over_http else EVENTS_MB


def _gigabytes(cost: Cost) -> float:
    return _memory_mb(cost) / 1_024


def added(parts: Sequence[Dollars]) -> Dollars:
    """The sum, kept apart by what is paid for."""
    return Dollars(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))


def port_month(costs: Mapping[str, Cost], upload_seconds: int, batches: int) -> Dollars:
    """A month of one port of a device that uploads so often, in so many batches, and is heard once a minute.

    Each batch is one request and one invocation of the stream handler. An upload stands for the beat of its minute;
    either writes the device's presence, and each second one moves its entry in the index. Each hour is rolled up.
    """
    readings = upload_seconds * 1_000 // SAMPLE_MS * PORTS // batches
    batch = added([dollars(cost) for cost in batch_and_chunk(costs, readings)])
    uploads = batch.times(MONTH_SECONDS / upload_seconds * batches)
    beat = added([dollars(costs[MINUTES_BEAT]), dollars(costs[MOVING_BEAT])]).times(1 / 2)
    beats = beat.times(MONTH_SECONDS / BEAT_SECONDS - MONTH_SECONDS / upload_seconds)
    writing = added([beat, dollars(costs[SILENT_BEAT]).times(-1)])
    presence = writing.times(MONTH_SECONDS / upload_seconds)
    hours = dollars(costs[HOUR]).times(MONTH_SECONDS / HOUR_SECONDS)
    return added([uploads, beats, presence, hours]).times(1 / PORTS)


def plain_port_month(costs: Mapping[str, Cost]) -> Dollars:
    """A month of one port in the plain design, whose every reading is a request of its own; measured as ours is."""
    return dollars(costs[plain.READING]).times(READINGS_A_MONTH)


def batch_and_chunk(costs: Mapping[str, Cost], readings: int) -> Sequence[Cost]:
    """All that a batch costs: the request, and its chunk on the stream."""
    return costs[batch_name(readings)], costs[chunk_name(readings)]
