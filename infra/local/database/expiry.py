"""Delete expired items and stream records while the stack runs: the server itself never deletes anything."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.database.file_maintenance import (
    expires_at_sql,
    index_expiry,
    prune_stream_records,
    tables_that_expire,
)

MOST_ITEMS = 1_000
"""Of one table in one run: what 30 devices store in a minute, one batch each two seconds."""
SECONDS = 5.0
"""The longest time of one run; there is one each minute."""
GONE = "ConditionalCheckFailedException"
LOG = logging.getLogger("ghostwatt.expiry")

Key = dict[str, dict[str, str]]


class Expiry:
    """Deletes items past their time to live, and stream records past their day, some of them at each run.

    Which items they are is read from the server's file, by an index; they are deleted through the server, each on the
    condition that it has not been given more time meanwhile. Stream records are in no call of DynamoDB's: they are
    deleted in the file.
    """

    def __init__(self, client: Any, database_path: Path, delivered: Callable[[], Mapping[str, int]]) -> None:
        self._client = client
        self._path = database_path
        self._delivered = delivered
        with closing(sqlite3.connect(database_path)) as connection, connection:
            index_expiry(connection)

    def run(self, now_seconds: float | None = None) -> int:
        """One run; returns how many items and records were deleted. What is left waits for the next."""
        now_seconds = time.time() if now_seconds is None else now_seconds
        end = time.monotonic() + SECONDS
        try:
            items = sum(1 for _ in self._delete_items(int(now_seconds), end))
            return items + self._prune(now_seconds, end)
        except (BotoCoreError, ClientError, sqlite3.OperationalError) as error:
            LOG.warning("what is past its time waits for the next run: %s", error)
            return 0

    def _delete_items(self, now_seconds: int, end: float) -> Iterator[None]:
        for table, attribute, key in self._expired(now_seconds):
            if time.monotonic() > end:
                return
            if self._delete(table, attribute, key, now_seconds):
                yield

    def _expired(self, now_seconds: int) -> list[tuple[str, str, Key]]:
        """Table, attribute of its time to live, and key of each item that is past its time."""
        expired = []
        with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            for table, attribute in tables_that_expire(connection):
                names = _key_names(connection, table)
                expiry = expires_at_sql(attribute)
                query = f'SELECT item_json FROM "{table}" WHERE {expiry} < ? ORDER BY {expiry} LIMIT ?'  # noqa: S608 - the template's own names
                for (text,) in connection.execute(query, (now_seconds, MOST_ITEMS)):
                    item = json.loads(text)
                    expired.append((table, attribute, {name: item[name] for name in names}))
        return expired

    def _delete(self, table: str, attribute: str, key: Key, now_seconds: int) -> bool:
        try:
            self._client.delete_item(
                TableName=table,
                Key=key,
                ConditionExpression="#expires_at < :now",
                ExpressionAttributeNames={"#expires_at": attribute},
                ExpressionAttributeValues={":now": {"N": str(now_seconds)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == GONE:
                return False
            raise
        return True

    def _prune(self, now_seconds: float, end: float) -> int:
        dropped = 0
        with closing(sqlite3.connect(self._path)) as connection:
            while time.monotonic() < end:
                count = prune_stream_records(connection, self._delivered(), now_seconds)
                if not count:
                    break
                dropped += count
        return dropped


def _key_names(connection: sqlite3.Connection, table: str) -> list[str]:
    (schema,) = connection.execute("SELECT key_schema FROM _tables WHERE table_name = ?", (table,)).fetchone()
    return [part["AttributeName"] for part in json.loads(schema)]
