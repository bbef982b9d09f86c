"""Maintenance that the database server does not do for its own file: indexes, and deleting old stream records."""

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
_OLDEST = """
    SELECT id, created_at FROM _stream_records
    WHERE table_name = :table AND CAST(sequence_number AS INTEGER) <= :delivered
      AND CAST(sequence_number AS INTEGER) <
          (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = :table)
    ORDER BY CAST(sequence_number AS INTEGER) LIMIT :most
"""
_EMPTY_NEWEST = """
    UPDATE _stream_records SET event_name = 'REMOVE', keys_json = '{}', new_image = NULL, old_image = NULL
    WHERE table_name = :table AND created_at < :before AND CAST(sequence_number AS INTEGER) <= :delivered
      AND keys_json <> '{}' AND CAST(sequence_number AS INTEGER) =
          (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = :table)
"""
AT_ONCE = 500
"""Records deleted in one transaction: a few milliseconds, for which a write of the server waits."""


def maintain_file(database_path: Path, delivered: Mapping[str, int]) -> None:
    """Make the indexes that the server lacks, and drop old stream records; while the server is down.

    The server looks for a stream's highest sequence number at each write, which scans all records without an index.
    """
    with closing(sqlite3.connect(database_path)) as connection:
        with connection:
            connection.execute(_INDEX)
            index_expiry(connection)
        while prune_stream_records(connection, delivered, time.time()):
            pass


def index_expiry(connection: sqlite3.Connection) -> None:
    """Index each table with a time to live by it, if that is not done yet."""
    for table, attribute in tables_that_expire(connection):
        connection.execute(
            f'CREATE INDEX IF NOT EXISTS "ghostwatt_expiry_{table}" ON "{table}" ({expires_at_sql(attribute)})'
        )


def tables_that_expire(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The tables with a time to live, as the template has defined them, each with the name of its attribute."""
    rows = connection.execute("SELECT table_name, ttl_attribute FROM _tables WHERE ttl_enabled = 1").fetchall()
    return [(str(table), str(attribute)) for table, attribute in rows]


def expires_at_sql(attribute: str) -> str:
    """An item's time to live in SQL: epoch seconds, NULL where it has none. As the index has it, letter by letter."""
    return f"CAST(json_extract(item_json, '$.\"{attribute}\".N') AS INTEGER)"


def prune_stream_records(connection: sqlite3.Connection, delivered: Mapping[str, int], now_seconds: float) -> int:
    """Drop some stream records that are past their day; returns how many, 0 when none is left to drop.

    `delivered` is, by table, the sequence number up to which the poller has handed records on: what it has not seen yet
    stays, however old. A stream's newest record stays too, since the server counts on from it, but emptied.
    """
    before, dropped = int(now_seconds) - STREAM_RETENTION_SECONDS, 0
    with connection:
        for table, number in delivered.items():
            values = {"table": table, "before": before, "delivered": number, "most": AT_ONCE}
            oldest = connection.execute(_OLDEST, values).fetchall()
            old = [(record_id,) for record_id, created_at in oldest if created_at < before]
            connection.executemany("DELETE FROM _stream_records WHERE id = ?", old)
            connection.execute(_EMPTY_NEWEST, values)
            dropped += len(old)
    return dropped
