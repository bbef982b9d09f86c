"""Read a table's stream from the local database, in the shape that Lambda gives to a handler."""

from __future__ import annotations

from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.local_dynamo import STREAMS_API, LocalClient
from infra.local.emulator.event_source_poller import Record, SourceUnavailable
from infra.local.runner.environment import REGION

READ_SECONDS = 10.0
TRIES = 2


class TableStream:
    """The stream of one table. dynoxide keeps one shard a table, so one position tells how far it was read."""

    def __init__(self, database_url: str, table: str) -> None:
        self._client = LocalClient(database_url, api=STREAMS_API, read_seconds=READ_SECONDS, attempts=TRIES)
        self.arn: str = self._call("ListStreams", TableName=table)["Streams"][0]["StreamArn"]
        shards = self._call("DescribeStream", StreamArn=self.arn)["StreamDescription"]["Shards"]
        self._shard_id: str = shards[0]["ShardId"]
        self._iterator: str | None = None
        self._iterator_after: str | None = None

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call the database; binary values in its answer are base64 text, as Lambda gives them."""
        answer: dict[str, Any] = msgspec.json.decode(self._client.call_raw(operation, arguments))
        return answer

    @property
    def id(self) -> str:
        """Names the stream and its shard; another one when the table is made anew."""
        return f"{self.arn}/{self._shard_id}"

    def read(self, after: str | None, limit: int) -> list[Record]:
        """The records after a sequence number, or from the oldest; raises SourceUnavailable."""
        try:
            if self._iterator is None or self._iterator_after != after:
                self._iterator = self._new_iterator(after)
                self._iterator_after = after
            answer = self._call("GetRecords", ShardIterator=self._iterator, Limit=limit)
        except (BotoCoreError, ClientError) as error:
            self._iterator = None
            raise SourceUnavailable(str(error)) from error
        records = [_as_lambda_gives_it(record, self.arn) for record in answer["Records"]]
        self._iterator = answer.get("NextShardIterator")
        if records:
            self._iterator_after = records[-1]["dynamodb"]["SequenceNumber"]
        return records

    def _new_iterator(self, after: str | None) -> str:
        where = {"ShardIteratorType": "TRIM_HORIZON"}
        if after is not None:
            where = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
        answer = self._call("GetShardIterator", StreamArn=self.arn, ShardId=self._shard_id, **where)
        return str(answer["ShardIterator"])


def _as_lambda_gives_it(record: dict[str, Any], arn: str) -> Record:
    """The region of the app, and the stream's ARN in it."""
    arn_in_region = arn.replace(":dynamodb:dynoxide:", f":dynamodb:{REGION}:")
    return {**record, "awsRegion": REGION, "eventSourceARN": arn_in_region}
