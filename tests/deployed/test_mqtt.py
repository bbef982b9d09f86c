"""MQTT, in the package as it ships: what a device publishes is recorded and answered; who may sign in, and to what.

The emulator's broker takes clients signed as AWS's own are (MQTT over WebSocket), and knows no custom authorizers. So
the device here is one of those, and the authorizer is called with the event that AWS documents for it. The principal
that it names is the device's client id, which the swapped topic rule hands on (swaps.py).
"""

from __future__ import annotations

import base64
import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from paho.mqtt.enums import CallbackAPIVersion

from infra.local.emulator.mqtt_permissions import allows
from tests.conftest import Device, Person, eventually, now_ms, reading
from tests.deployed.deployment import Deployed
from tests.deployed.emulator import REGION, ROOT_KEY

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class Listening:
    """A client of the broker, and what came on the topic that it listens to."""

    client: mqtt.Client
    heard: queue.SimpleQueue[dict[str, Any]]

    def publish(self, device: Device, message: Any) -> None:
        """Publish to a device's data topic."""
        self.client.publish(f"iot/devices/{device.device_id}/data", json.dumps(message), qos=1)

    def answer(self) -> dict[str, Any]:
        """The next message."""
        return self.heard.get(timeout=ANSWER_SECONDS)


@contextmanager
def listening(deployed: Deployed, device: Device) -> Iterator[Listening]:
    """A client that listens to a device's commands, and publishes as the device."""
    emulator = deployed.emulator
    principal = authorized(deployed, device.device_id, device.api_key)["principalId"]
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    listens: queue.SimpleQueue[bool] = queue.SimpleQueue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, principal, transport="websockets")

    def listen(*_: Any) -> None:
        client.subscribe(f"iot/devices/{device.device_id}/commands", qos=1)

    client.on_connect = listen
    client.on_subscribe = lambda *_: listens.put(True)
    client.on_message = lambda _client, _data, message: heard.put(json.loads(message.payload))
    address = urlsplit(emulator.url)
    host = f"data-ats.iot.{REGION}.amazonaws.com:{address.port}"
    client.ws_set_options(path=signed_path(host), headers={"Host": host})
    client.connect(str(address.hostname), address.port or 0)
    client.loop_start()
    try:
        assert listens.get(timeout=ANSWER_SECONDS)
        yield Listening(client, heard)
    finally:
        client.disconnect()
        client.loop_stop()


def signed_path(host: str) -> str:
    """The path of the broker's socket with a signature, AWS IoT Developer Guide, "MQTT over WSS"."""
    request = AWSRequest("GET", f"http://{host}/mqtt")
    SigV4QueryAuth(Credentials(ROOT_KEY, ROOT_KEY), "iotdevicegateway", REGION).add_auth(request)
    return f"/mqtt?{urlsplit(str(request.url)).query}"


def test_a_batch_goes_by_the_rule_and_its_results_come_back(deployed: Deployed, person: Person) -> None:
    device = person.device()
    port = person.port(device)
    batch = {"batchId": "mqtt-1", "sentAtMs": now_ms(), "readings": [reading(port["portId"], now_ms(), 4.6)]}
    with listening(deployed, device) as broker:
        broker.publish(device, batch)
        answer = broker.answer()
    assert (answer["batchId"], [result["status"] for result in answer["results"]]) == ("mqtt-1", ["stored"])
    (stored,) = person.call("GET", f"/port/{port['portId']}/history").body["readings"]
    assert stored["power"] == 4.6


def test_what_is_wrong_is_told_to_the_device(deployed: Deployed, person: Person) -> None:
    device = person.device()
    with listening(deployed, device) as broker:
        broker.publish(device, {"batchId": "mqtt-2", "readings": []})
        answer = broker.answer()
    assert (answer["success"], answer["batchId"], answer["field"]) == (False, "mqtt-2", "sentAtMs")


def test_a_switch_reaches_a_listening_device_at_once(deployed: Deployed, person: Person) -> None:
    device = person.device()
    port = person.port(device)
    with listening(deployed, device) as broker:
        assert person.call("POST", f"/port/{port['portId']}/switch", {"state": "off"}).status == 200
        (relay,) = broker.answer()["relays"]
    assert (relay["portId"], relay["desired"]) == (port["portId"], "off")


def test_free_sensors_are_shown(deployed: Deployed, person: Person) -> None:
    device = person.device()
    with listening(deployed, device) as broker:
        broker.publish(device, {"temperature": 23.5})
        eventually(lambda: person.call("GET", "/devices").body[0].get("temperature") == 23.5, "it is shown")


def test_what_a_former_owner_s_connection_publishes_is_nobody_s(
    deployed: Deployed, person: Person, stranger: Person
) -> None:
    device = person.device()
    with listening(deployed, device) as former:
        assert person.call("DELETE", f"/device/{device.device_id}").status == 200
        answer = stranger.call("POST", "/device/register", {"deviceId": device.device_id})
        owned = Device(device.device_id, answer.body["apiKey"], device.call_entry)
        with listening(deployed, owned) as broker:
            former.publish(device, {"temperature": 1})
            broker.publish(owned, {"humidity": 55})
            assert broker.answer()["success"]
            eventually(lambda: "humidity" in stranger.call("GET", "/devices").body[0], "the owner's is stored")
    assert "temperature" not in stranger.call("GET", "/devices").body[0]


def authorized(deployed: Deployed, user_name: str, password: str) -> dict[str, Any]:
    """What the packaged authorizer says of a sign-in, asked as AWS IoT asks it.

    Source of the event: AWS IoT Core Developer Guide, "Defining your Lambda function" for custom authentication.
    """
    said = {
        "username": user_name,
        "password": base64.b64encode(password.encode()).decode(),
        "clientId": f"{user_name}-client",
    }
    event = {
        "token": "",
        "signatureVerified": False,
        "protocols": ["tls", "mqtt"],
        "protocolData": {"tls": {"serverName": "ghostwatt.example"}, "mqtt": said},
        "connectionMetadata": {"id": "00000000-0000-0000-0000-000000000000"},
    }
    lambdas = deployed.emulator.client("lambda")
    answer = lambdas.invoke(FunctionName=deployed.resource("MqttAuthorize"), Payload=json.dumps(event))
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def test_a_device_signs_in_with_its_key_to_its_own_two_topics(deployed: Deployed, person: Person) -> None:
    device = person.device()
    answer = authorized(deployed, device.device_id, device.api_key)
    policies, own = answer["policyDocuments"], f"iot/devices/{device.device_id}"
    assert answer["isAuthenticated"] is True
    assert allows(policies, "iot:Connect", f"client/{device.device_id}-client")
    assert allows(policies, "iot:Publish", f"topic/{own}/data")
    assert allows(policies, "iot:Receive", f"topic/{own}/commands")
    assert not allows(policies, "iot:Publish", "topic/iot/devices/GW-other/data")
    resources = [statement["Resource"] for policy in policies for statement in policy["Statement"]]
    assert all(resource.startswith(f"arn:aws:iot:{REGION}:") for resource in resources)


def test_a_wrong_key_does_not_sign_in(deployed: Deployed, person: Person, stranger: Person) -> None:
    assert authorized(deployed, person.device().device_id, stranger.device().api_key) == {"isAuthenticated": False}
