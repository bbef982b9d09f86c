"""The plain design, to measure ours beside: a request and an item a reading, a list by scan, boto3 and json.

It is what the usual guides show, made well: one boto3 resource for all calls, the key's digest compared, the newest
reading kept on the device. It has no framework, no schema and no duplicates to look for, all of which speak for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import boto3
from boto3.dynamodb.conditions import Attr, Key

from infra.local.runner.environment import REGION
from tests.benchmarks.household import USE_WATTS
from tests.benchmarks.meter import Work
from tests.conftest import now_ms

READING = "plain: a request with one reading"
LIST_LENGTH = 1_000
LIST = f"plain: list of {LIST_LENGTH:,} devices"
API_KEY = "a device's secret"


class Plain:
    """Two tables, and the two handlers that are measured: a reading is stored, all devices of a person are listed."""

    def __init__(self, database_url: str) -> None:
        made_up = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        self.database = boto3.resource("dynamodb", endpoint_url=database_url, region_name=REGION, **made_up)
        self.devices = self._table("plain-devices", "device_id")
        self.readings = self._table("plain-readings", "device_id", "at_ms")

    def _table(self, name: str, hash_key: str, range_key: str | None = None) -> Any:
        keys = {hash_key: ("HASH", "S")} | ({range_key: ("RANGE", "N")} if range_key else {})
        return self.database.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, (kind, _) in keys.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": text} for key, (_, text) in keys.items()],
        )

    def store(self, body: str) -> str:
        """POST /reading: a reading is an item of its own, and the newest one stands on the device too."""
        said = json.loads(body, parse_float=Decimal)
        device = self.devices.get_item(Key={"device_id": said["deviceId"]})["Item"]
        if device["key_sha256"] != hashlib.sha256(said["apiKey"].encode()).hexdigest():
            return json.dumps({"success": False})
        reading = {name: said[name] for name in ("voltage", "current", "power")}
        self.readings.put_item(Item={"device_id": said["deviceId"], "at_ms": said["timestampMs"], **reading})
        self.devices.update_item(
            Key={"device_id": said["deviceId"]},
            UpdateExpression="SET last_seen_ms = :seen, latest = :latest",
            ExpressionAttributeValues={":seen": said["timestampMs"], ":latest": reading},
        )
        return json.dumps({"success": True})

    def list(self, owner_id: str) -> str:
        """GET /devices: a scan for the person's devices, then the newest reading of each."""
        found = sorted(self._of_owner(owner_id), key=lambda device: -device["last_seen_ms"])
        shown = [{"deviceId": device["device_id"], "latest": self._newest(device["device_id"])} for device in found]
        return json.dumps({"success": True, "devices": shown}, default=float)

    def _of_owner(self, owner_id: str) -> Iterator[Mapping[str, Any]]:
        options: dict[str, Any] = {"FilterExpression": Attr("owner_id").eq(owner_id)}
        while True:
            page = self.devices.scan(**options)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            options["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _newest(self, device_id: str) -> Mapping[str, Any] | None:
        of_device = Key("device_id").eq(device_id)
        return next(
            iter(self.readings.query(KeyConditionExpression=of_device, ScanIndexForward=False, Limit=1)["Items"]), None
        )

    def add(self, owner_id: str, device_id: str) -> None:
        """A device with a reading."""
        digest = hashlib.sha256(API_KEY.encode()).hexdigest()
        self.devices.put_item(Item={"device_id": device_id, "owner_id": owner_id, "key_sha256": digest})
        self.store(reading_of(device_id))


def reading_of(device_id: str) -> str:
    """The body of a request with one reading."""
    measured = {"voltage": 230.1, "current": 0.379, "power": USE_WATTS, "timestampMs": now_ms()}
    return json.dumps({"deviceId": device_id, "apiKey": API_KEY, **measured})


def plain_work(database_url: str, length: int = LIST_LENGTH) -> Iterator[Work]:
    """The plain design's two handlers as work to measure."""
    plain = Plain(database_url)
    client = plain.database.meta.client
    client.meta.events.register("provide-client-params.dynamodb.*", _ask_for_units)
    for number in range(length):
        plain.add("somebody", f"GW-{number:06}")
    yield Work(READING, lambda: partial(plain.store, reading_of("GW-000000")), _is_success, readings=1, client=client)
    yield Work(LIST, lambda: partial(plain.list, "somebody"), _is_success, repeats=3, client=client)


def _ask_for_units(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"


def _is_success(answer: str) -> None:
    if not json.loads(answer)["success"]:
        raise RuntimeError(answer)
