"""make bench: what each route, the stream handler and the sweep cost; readings a second; a port's price for a month."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

import app
from infra.local.runner.process import running_stack
from tests.benchmarks import cost, event_work, pc_stack, plain, route_work, throughput
from tests.benchmarks.cost import Dollars
from tests.benchmarks.meter import Cost, Work, measure
from tests.benchmarks.place import Entry, Records, own_database

MINUTE_READINGS = 120
"""Of four ports at 2 s."""
UPLOADS = ((60, 1), (300, 2))
"""Seconds between uploads, and in how many batches each goes: a batch has at most 500 readings."""


def main() -> None:
    """Measure and print it all, in a few minutes."""
    _print(f"CPU times are of {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}.", "")
    with tempfile.TemporaryDirectory() as directory, own_database(Path(directory)) as database_url:
        costs = _measured(database_url)
    no_limits = {"LIMITS": "off"}  # a few clients send as much as hundreds of devices
    with tempfile.TemporaryDirectory() as directory, running_stack(Path(directory), environment=no_limits) as stack:
        speeds = [throughput.measure(stack, batch) for batch in throughput.BATCHES]
    _print("", *_speed_lines(speeds), "", *_dollar_lines(costs), "", *_beside_lines(costs), "")
    _print(*pc_stack.lines())


def _measured(database_url: str) -> dict[str, Cost]:
    entry = Entry(app.app)
    _print(_row("", "DynamoDB calls", "read u.", "write u.", "CPU ms", "us/reading"))
    costs = {}
    for work in _all_work(entry, database_url):
        costs[work.name] = measured = measure(work)
        _print(_cost_line(measured))
    _print(
        "Calls and units of the last, CPU of the median run; units with those of indexes, from ConsumedCapacity.",
        "Batches and chunks: 4 ports at 2 s, from a device that has called within the minute.",
    )
    return costs


def _all_work(entry: Entry, database_url: str) -> Iterator[Work]:
    return chain(
        event_work.sweep_work(entry),  # while no other device is there that could fall due
        route_work.account_work(entry),
        route_work.device_work(entry),
        route_work.batch_work(entry),
        route_work.list_work(entry),
        event_work.stream_work(entry, Records(database_url)),
        event_work.hour_work(entry),
        plain.plain_work(database_url),
    )


def _cost_line(measured: Cost) -> str:
    a_reading = f"{measured.cpu_ms * 1_000 / measured.work.readings:,.0f}" if measured.work.readings else ""
    units = f"{measured.read_units:g}", f"{measured.write_units:g}"
    return _row(measured.work.name, measured.operations, *units, f"{measured.cpu_ms:.1f}", a_reading)


def _row(name: str, operations: str, *figures: str) -> str:
    columns = "".join(f"{figure:>{width}}" for figure, width in zip(figures, (9, 9, 8, 12), strict=True))
    return f"{name:<46}{operations:<43}{columns}".rstrip()


def _speed_lines(speeds: Sequence[throughput.Throughput]) -> Iterator[str]:
    yield f"Through the whole PC stack over HTTP, {throughput.CLIENTS} devices at once"
    yield f"{'readings a batch':>18}{'stored a second':>18}{'stream behind by':>18}"
    for speed in speeds:
        yield f"{speed.batch:>18}{speed.readings_a_second:>18,.0f}{speed.stream_lag_seconds:>16.1f} s"


def _dollar_lines(costs: Mapping[str, Cost]) -> Iterator[str]:
    yield "Dollars for a port and month of 30 days: 4 ports a device, a reading every 2 s"
    yield f"{'':<46}{'gateway':>10}{'functions':>11}{'reads':>9}{'writes':>9}{'total':>9}"
    for seconds, batches in UPLOADS:
        yield _dollar_line(f"upload every {seconds} s, heard every 60 s", cost.port_month(costs, seconds, batches))
    yield _dollar_line("plain: a request and two writes a reading", cost.plain_port_month(costs))
    yield "(uploads x (batch + its chunk on the stream + presence) + heartbeats of the other minutes + hours) / ports."
    yield "Not in it: storage, data out, the sweep, and what people read."
    memory = f"{cost.API_MB} MB behind the gateway, {cost.EVENTS_MB} MB else"
    yield f"Function time: CPU x {cost.WHOLE_CPU_MB} MB / memory ({memory}) + {cost.DATABASE_MS:g} ms a database call."
    yield f"{cost.PRICES}."


def _dollar_line(name: str, price: Dollars) -> str:
    parts = f"{price.gateway:>10.3f}{price.functions:>11.3f}{price.reads:>9.3f}{price.writes:>9.3f}"
    return f"{name:<46}{parts}{price.total:>9.3f}"


def _beside_lines(costs: Mapping[str, Cost]) -> Iterator[str]:
    minute, one = cost.batch_and_chunk(costs, MINUTE_READINGS), [costs[plain.READING]]
    ours, theirs = costs[route_work.walk_name(plain.LIST_LENGTH)], costs[plain.LIST]
    first = costs[route_work.list_name(plain.LIST_LENGTH)]
    months = cost.port_month(costs, 60, 1), cost.plain_port_month(costs)
    rows: dict[str, Sequence[float]] = {
        "CPU a reading, us": [_a_reading(works, lambda work: work.cpu_ms * 1_000) for works in (minute, one)],
        "DynamoDB calls a reading": [_a_reading(works, lambda work: len(work.calls)) for works in (minute, one)],
        "write units a reading": [_a_reading(works, lambda work: work.write_units) for works in (minute, one)],
        "first devices of 1,000: function time, ms": [cost.function_ms(first), cost.function_ms(theirs)],
        "all of 1,000 devices listed: DynamoDB calls": [len(ours.calls), len(theirs.calls)],
        "all of 1,000 devices listed: read units": [ours.read_units, theirs.read_units],
        "all of 1,000 devices listed: CPU, ms": [ours.cpu_ms, theirs.cpu_ms],
        "all of 1,000 devices listed: function time, ms": [cost.function_ms(ours), cost.function_ms(theirs)],
        "dollars a port and month": [month.total for month in months],
    }
    yield f"{'Ours (120 readings a batch) beside the plain':<46}{'ours':>12}{'plain':>12}{'times':>9}"
    for name, (of_ours, of_plain) in rows.items():
        yield f"{name:<46}{of_ours:>12,.4g}{of_plain:>12,.4g}{of_plain / of_ours:>9,.2g}"
    yield "The plain design (tests/benchmarks/plain.py): a request and an item a reading, a list by scan and query."


def _a_reading(works: Sequence[Cost], figure: Callable[[Cost], float]) -> float:
    return sum(figure(work) for work in works) / works[0].work.readings


def _print(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
