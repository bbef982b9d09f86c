"""make bench-growth: how large a PC's database grows, day by day, with and without what deletes what is past its time.

The clock is an argument: twelve days of a Pi with four outlets, of each day 200 batches of the 43,200 that it sends at
a PC's pace (one each two seconds). Raw readings are kept seven days, the shortest choice, so that the end of growth is
seen; the last line scales it to all batches and to thirty days.
"""

from __future__ import annotations

import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from chalicelib.accounts.retention import DEFAULT_DAYS, SLACK_MS, Retention
from chalicelib.core.identifiers import new_id
from chalicelib.core.times import DAY_MS
from chalicelib.readings import chunk_codec
from chalicelib.readings.model import Chunk, Columns
from infra.local.database import tables
from infra.local.database.expiry import Expiry
from infra.local.database.server import Database, server_binary
from infra.local.emulator import template
from infra.local.emulator.clients import create_client
from infra.local.runner.environment import STAGE

DAYS, KEPT_DAYS = 12, 7
SLACK_DAYS = SLACK_MS // DAY_MS
"""Raw readings are kept so much longer than they are shown."""
BATCHES, BATCHES_OF_A_DAY = 200, 43_200
DAY_SECONDS = 86_400
START = 1_700_000_000
TABLE = f"ghostwatt-{STAGE}-readings"


def main() -> int:
    """Print a line a day; the exit code is 0."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        without, with_expiry = list(_grow(Path(one), expires=False)), list(_grow(Path(other), expires=True))
    sys.stdout.write("day   nothing deleted: items, stream records, MB     what is past its time deleted: the same\n")
    for day in range(1, DAYS + 1):
        figures = "".join("{:>24,}{:>12,}{:>11.2f}".format(*rows[day]) for rows in (without, with_expiry))
        sys.stdout.write(f"{day:>3}{figures}\n")
    scale = BATCHES_OF_A_DAY / BATCHES
    sizes = [size for _, _, size in without]
    a_day = (sizes[-1] - sizes[1]) / (DAYS - 1) * scale
    kept = [size for _, _, size in with_expiry]
    items_a_day = (kept[KEPT_DAYS] - kept[2]) / (KEPT_DAYS - 2) * scale  # days on which only items grow
    streams = (kept[-1] - kept[0]) * scale - items_a_day * (KEPT_DAYS + SLACK_DAYS)
    level = items_a_day * (DEFAULT_DAYS + SLACK_DAYS) + streams
    sys.stdout.write(
        f"A Pi with four outlets, all batches: {a_day:.0f} MB a day for ever if nothing is deleted; else no more than"
        f" {level:,.0f} MB, {items_a_day:.0f} MB for each day that raw readings are kept ({DEFAULT_DAYS} by default).\n"
    )
    return 0


def _grow(directory: Path, *, expires: bool) -> Iterator[tuple[int, int, float]]:
    """At the beginning and at the end of each day: items of readings, stream records, the size of the file in MB."""
    database = Database(directory, server_binary())
    database.start()
    try:
        database.wait_until_ready()
        client = create_client("dynamodb", database.url)
        tables.ensure(client, template.load({"Stage": STAGE}))
        yield _sizes(database.path)
        stored = 0
        expiry = Expiry(client, database.path, lambda: {TABLE: stored})
        for day in range(DAYS):
            end = START + (day + 1) * DAY_SECONDS
            for batch in range(BATCHES):
                at = START + day * DAY_SECONDS + batch * DAY_SECONDS // BATCHES
                client.put_item(TableName=TABLE, Item=_item(at * 1_000))
            with closing(sqlite3.connect(database.path)) as connection, connection:
                connection.execute("UPDATE _stream_records SET created_at = ? WHERE created_at > ?", (end, end))
                (stored,) = connection.execute(
                    "SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records"
                ).fetchone()
            while expires and expiry.run(end):
                pass
            yield _sizes(database.path)
    finally:
        database.stop()


def _item(at_ms: int) -> dict[str, Any]:
    """A stored batch of one reading of each of four outlets."""
    ports = {
        f"0123456789abcdef0123-{number:06x}": Columns(
            [at_ms], [secrets.randbelow(99_999)], [230_000], [secrets.randbelow(999)]
        )
        for number in range(4)
    }
    chunk = Chunk(
        "0123456789abcdef0123", "GW-0123456789ab", "fedcba9876543210fedc", f"watts#{new_id()}#0", at_ms, ports, "0" * 64
    )
    packed = chunk_codec.pack(chunk.ports)
    return {
        "device_uid": {"S": chunk.device_uid},
        "chunk_id": {"S": chunk.chunk_id},
        "time_key": {"S": f"watts#{at_ms:013d}"},
        "first_ms": {"N": str(at_ms)},
        "device_id": {"S": chunk.device_id},
        "owner_id": {"S": chunk.owner_id},
        "stored_at_ms": {"N": str(at_ms)},
        "expires_at": {"N": str(Retention(KEPT_DAYS).expires_at_ms(at_ms) // 1_000)},
        "batch_sha256": {"S": chunk.batch_sha256},
        "watts": {"B": packed},
    }


def _sizes(path: Path) -> tuple[int, int, float]:
    with closing(sqlite3.connect(path)) as connection:
        (items,) = connection.execute(f'SELECT COUNT(*) FROM "{TABLE}"').fetchone()  # noqa: S608 - our own name
        (records,) = connection.execute("SELECT COUNT(*) FROM _stream_records").fetchone()
        (size,) = connection.execute(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        ).fetchone()
    return items, records, size / 1e6


if __name__ == "__main__":
    sys.exit(main())
