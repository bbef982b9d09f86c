"""Logs as one JSON object a line, with metrics in CloudWatch's embedded metric format.

A log never holds a body, a key or an e-mail address; a device's id is logged as the first half of its digest.
Source of the format: Amazon CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from chalicelib.core.settings import settings

NAMESPACE = "Ghostwatt"
DEVICE_CHARACTERS = 16
LOG = logging.getLogger("ghostwatt.telemetry")
Unit = Literal["Count", "Milliseconds"]
_ids: ContextVar[dict[str, str]] = ContextVar("ids", default={})  # noqa: B039 - replaced, never changed


class JsonLines(logging.Formatter):
    """A log record as one line of JSON, with the ids that are bound at that moment."""

    converter = time.gmtime  # type: ignore[assignment]  # the stubs forget that it takes seconds

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_ids.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def request_id(context: object) -> str:
    """The id of an invocation, from the context that Lambda gives beside the event."""
    return getattr(context, "aws_request_id", "")


@contextmanager
def invocation(request_id: str) -> Iterator[None]:
    """Log this request's id with everything that is logged meanwhile."""
    _set_up()
    before = _ids.set({"requestId": request_id})
    try:
        yield
    finally:
        _ids.reset(before)


def _set_up() -> None:
    """Make Lambda's own log handlers write JSON; elsewhere logs stay as they are."""
    if settings().json_logs:
        root = logging.getLogger()
        root.setLevel(logging.INFO)
        for handler in root.handlers:
            if not isinstance(handler.formatter, JsonLines):
                handler.setFormatter(JsonLines())


def bind(**ids: str) -> None:
    """Log these ids too with everything that this invocation logs from now on."""
    _ids.set({**_ids.get(), **ids})


def loggable(path_parameters: Mapping[str, str]) -> dict[str, str]:
    """The ids of a path that may be logged: a device is hashed, and a code that people type is left out."""
    ids = {name: value for name, value in path_parameters.items() if name in ("port_id", "event_id")}
    if device_id := path_parameters.get("device_id"):
        ids["device"] = hashed(device_id)
    return ids


def hashed(device_id: str) -> str:
    """A device's id as it may stand in a log."""
    return hashlib.sha256(device_id.encode()).hexdigest()[:DEVICE_CHARACTERS]


def measure(metrics: dict[str, float], unit: Unit = "Count", **ids: object) -> None:
    """Log figures, each a metric of CloudWatch, and the ids that they are about. Only where logs are JSON.

    A count of none is left out: it adds nothing to a sum, and its bytes are paid for.
    """
    metrics = {name: value for name, value in metrics.items() if value or unit != "Count"}
    if not metrics or not settings().json_logs:
        return
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [["stage"]],
        "Metrics": [{"Name": name, "Unit": unit} for name in metrics],
    }
    meta = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    LOG.info("metrics", extra={"fields": {"_aws": meta, "stage": settings().stage, **metrics, **ids}})
