"""Read a table's stream from the local database, in the shape that Lambda gives to a handler."""

from __future__ import annotations

import base64
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.emulator.event_source_poller import Record, SourceUnavailable
from infra.local.runner.environment import REGION

_BINARY = {"B", "BS"}


class TableStream:
    """The stream of one table. dynoxide keeps one shard a table, so one position tells how far it was read."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self.arn: str = client.list_streams(TableName=table)["Streams"][0]["StreamArn"]
        shards = client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"]
        self._shard_id: str = shards[0]["ShardId"]
        self._iterator: str | None = None
        self._iterator_after: str | None = None

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
            answer = self._client.get_records(ShardIterator=self._iterator, Limit=limit)
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
        answer = self._client.get_shard_iterator(StreamArn=self.arn, ShardId=self._shard_id, **where)
        return str(answer["ShardIterator"])


def _as_lambda_gives_it(record: dict[str, Any], arn: str) -> Record:
    """Times as epoch seconds, binary values as base64 text, the region of the app, and the stream's ARN."""
    change = dict(record["dynamodb"])
    change["ApproximateCreationDateTime"] = change["ApproximateCreationDateTime"].timestamp()
    for image in ("Keys", "NewImage", "OldImage"):
        if image in change:
            change[image] = {name: _attribute(value) for name, value in change[image].items()}
    arn_in_region = arn.replace(":dynamodb:dynoxide:", f":dynamodb:{REGION}:")
    return {**record, "awsRegion": REGION, "dynamodb": change, "eventSourceARN": arn_in_region}


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    (kind, content) = next(iter(value.items()))
    if kind in _BINARY:
        return {kind: _text(content) if kind == "B" else [_text(item) for item in content]}
    if kind == "L":
        return {kind: [_attribute(item) for item in content]}
    if kind == "M":
        return {kind: {name: _attribute(item) for name, item in content.items()}}
    return value


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
