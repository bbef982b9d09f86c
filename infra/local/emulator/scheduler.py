"""Regular work: the scheduled handler, called as EventBridge does, and the maintenance that AWS does by itself."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from infra.local.emulator.lambda_context import LambdaContext
from infra.local.runner.environment import REGION

PERIOD_SECONDS = 60.0
LOG = logging.getLogger("ghostwatt.schedule")
MAINTENANCE_LOGGER = logging.getLogger("ghostwatt.maintenance")


class Schedule:
    """Calls a handler every period until it is told to stop; a call that fails is logged and the next one comes."""

    def __init__(self, handler: Callable[[dict[str, Any], LambdaContext], Any], period_seconds: float) -> None:
        self._handler = handler
        self._period_seconds = period_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        """Tick until stop() is called from another thread; the first tick comes after one period."""
        while not self._stopping.wait(self._period_seconds):
            try:
                self._handler(_event(), LambdaContext("sweep"))
            except Exception:  # whatever failed this minute, the next one is another chance, as on AWS
                LOG.exception("the scheduled run failed")

    def stop(self) -> None:
        """No more ticks."""
        self._stopping.set()


def _event() -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:events:{REGION}:000000000000:rule/sweep"],
        "detail": {},
    }


class Maintenance:
    """Takes named steps, each whatever became of the ones before."""

    def __init__(self, steps: Mapping[str, Callable[[], object]]) -> None:
        self._steps = steps

    def run(self) -> None:
        """Take all steps once."""
        for name, step in self._steps.items():
            try:
                step()
            except Exception:  # whatever failed this time, the next tick is another chance
                MAINTENANCE_LOGGER.exception("%s cannot be tidied", name)
