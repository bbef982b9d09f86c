"""Times and figures as a person reads them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from ghostwatt_pi.buffer.stats import BufferStats


def ago(at_ms: int | None, now_ms: int) -> str:
    """How long ago, in one unit."""
    if at_ms is None:
        return "never"
    seconds = max(0, (now_ms - at_ms) // 1000)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def iso(at_ms: int | None) -> str | None:
    """ISO 8601, UTC, with milliseconds and Z, as everywhere in the contract."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def waiting(buffer: BufferStats) -> str:
    """How much waits for the cloud."""
    if buffer.damage:
        return f"nobody can say: the spool is damaged ({buffer.damage}); the agent mends it when it starts"
    return f"{buffer.depth:,} readings, {buffer.bytes / 1e6:.1f} MB"


def print_rows(rows: Mapping[str, str]) -> None:
    """Two columns."""
    width = max(map(len, rows))
    sys.stdout.writelines(f"{name:{width}}  {value}\n" for name, value in rows.items())


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
