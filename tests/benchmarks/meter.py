"""What a piece of work costs: its DynamoDB calls with the units they consumed, and its CPU time."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import ClientError

from chalicelib.core.dynamo import Connection, table_name

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan"})
EVENT = "after-call.dynamodb"
REPEATS = 20
"""Enough for a median."""


@dataclass(frozen=True, slots=True)
class DatabaseCall:
    """One answered call; units are those of the table and its indexes, as its ConsumedCapacity says."""

    operation: str
    tables: frozenset[str]
    units: float

    @property
    def reads(self) -> bool:
        """Whether its units are read units, not write units."""
        return self.operation in READS


class Meter:
    """Notes the DynamoDB calls of the app, or of a client of botocore, while it is entered.

    Refused writes tell no units, so they end the measurement.
    """

    def __init__(self, client: Any = None) -> None:
        self.calls: list[DatabaseCall] = []
        self._client = client
        self._dispatch = Connection.dispatch

    def __enter__(self) -> Self:
        if self._client is None:
            Connection.dispatch = self._measured_dispatch()  # type: ignore[method-assign,assignment]  # named otherwise
        else:
            self._client.meta.events.register(EVENT, self._note_event)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is None:
            Connection.dispatch = self._dispatch  # type: ignore[method-assign]
        else:
            self._client.meta.events.unregister(EVENT, self._note_event)

    def _measured_dispatch(self) -> Callable[[Connection, str, dict[str, Any]], dict[str, Any]]:
        def dispatch(to: Connection, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
            try:
                answer = self._dispatch(to, operation, {**arguments, "ReturnConsumedCapacity": "TOTAL"})
            except ClientError as error:
                raise RuntimeError(f"{operation} tells no units: {error}") from error
            self._note(operation, answer)
            return answer

        return dispatch

    def _note_event(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self._note(model.name, parsed)

    def _note(self, operation: str, parsed: Mapping[str, Any]) -> None:
        if "ConsumedCapacity" not in parsed:
            raise RuntimeError(f"{operation} tells no units: {parsed.get('Error')}")
        consumed = parsed["ConsumedCapacity"]
        by_table = consumed if isinstance(consumed, list) else [consumed]
        tables = frozenset(part["TableName"].removeprefix(table_name("")) for part in by_table)
        self.calls.append(DatabaseCall(operation, tables, sum(part["CapacityUnits"] for part in by_table)))


@dataclass(frozen=True, slots=True)
class Work:
    """Something to measure: `prepare` sets the stage, unmeasured, and gives what is then measured.

    check raises where the result is not what was to be measured; readings is how many it stores or examines,
    over_http whether API Gateway stands in front of it, client whose calls are noted (None: the app's).
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    check: Callable[[Any], None]
    readings: int = 0
    over_http: bool = True
    repeats: int = REPEATS
    client: Any = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What one piece of work cost: the calls of the last run, the median CPU time of all."""

    work: Work
    calls: tuple[DatabaseCall, ...]
    cpu_ms: float

    @property
    def read_units(self) -> float:
        """Read units of all its calls."""
        return sum(call.units for call in self.calls if call.reads)

    @property
    def write_units(self) -> float:
        """Write units of all its calls."""
        return sum(call.units for call in self.calls if not call.reads)

    @property
    def operations(self) -> str:
        """Its calls by operation, for example `2 Get, 1 Put`."""
        counted = Counter(call.operation.removesuffix("s").removesuffix("Item") for call in self.calls)
        return ", ".join(f"{count} {operation}" for operation, count in counted.items())


def measure(work: Work) -> Cost:
    """Do it several times over, each on a stage of its own."""
    cpu_ns = []
    for _ in range(work.repeats):
        run = work.prepare()
        with Meter(work.client) as meter:
            started = time.process_time_ns()
            result = run()
            cpu_ns.append(time.process_time_ns() - started)
        work.check(result)
    return Cost(work, tuple(meter.calls), statistics.median(cpu_ns) / 1e6)
