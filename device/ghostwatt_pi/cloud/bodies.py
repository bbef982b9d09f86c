"""What the agent says in a call, whatever carries it."""

from __future__ import annotations

from collections.abc import Sequence

from ghostwatt_pi.buffer.batches import Batch
from ghostwatt_pi.clock import Clock
from ghostwatt_pi.schemas import Json, RelayReport
from ghostwatt_pi.version import VERSION


def heartbeat_body(clock: Clock, reports: Sequence[RelayReport], dropped_readings: int) -> Json:
    """A heartbeat."""
    body = {
        "sentAtMs": clock.now_ms(),
        "relays": [report.to_json() for report in reports],
        "agentVersion": VERSION,
    }
    return {**body, "droppedReadings": dropped_readings} if dropped_readings else body


def batch_body(clock: Clock, batch: Batch) -> Json:
    """A batch; `sentAtMs` is this attempt's."""
    readings = [reading.to_json() for reading in batch.readings]
    return {"batchId": batch.batch_id, "sentAtMs": clock.now_ms(), "readings": readings}
