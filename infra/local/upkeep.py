"""What the database server does not do for its own file; done while it is down."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

STREAM_RETENTION_SECONDS = 24 * 3_600
"""DynamoDB keeps stream records for a day; the server keeps them for ever."""

_INDEX = (
    "CREATE INDEX IF NOT EXISTS ghostwatt_stream_sequence"
    " ON _stream_records (table_name, CAST(sequence_number AS INTEGER))"
)
_PRUNE = """
    DELETE FROM _stream_records AS old
    WHERE table_name = :table AND created_at < :before AND CAST(sequence_number AS INTEGER) <= :delivered
      AND CAST(sequence_number AS INTEGER) <
          (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = old.table_name)
"""


def tidy(database_path: Path, delivered: Mapping[str, int]) -> None:
    """Index the stream records and drop the old ones.

    The server looks for a stream's highest sequence number at each write, which scans all records without the index.
    `delivered` is, by table, the sequence number up to which the pump has handed records on: what it has not seen yet
    stays, however old. A stream's newest record stays too, since the server counts on from it.
    """
    before = int(time.time()) - STREAM_RETENTION_SECONDS
    with closing(sqlite3.connect(database_path)) as connection, connection:
        connection.execute(_INDEX)
        connection.executemany(
            _PRUNE, [{"table": table, "before": before, "delivered": number} for table, number in delivered.items()]
        )
