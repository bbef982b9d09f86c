"""The PC's broker with real clients and the real authorizer; what it hands to the rule is noted."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from chalicelib.events.mqtt import mqtt_authorize
from infra.local import front_door
from infra.local.broker import Broker
from infra.local.front_door import MAX_PAYLOAD_BYTES, Authorizer, ClientReader
from infra.local.lambda_context import LambdaContext
from infra.local.server import listen
from tests.conftest import Device, Person, eventually
from tests.integration.mqtt_client import MqttClient

NOT_AUTHORIZED = 135
"""MQTT 5's number, into which paho turns the 5 of MQTT 3.1.1."""
REFUSED = 128


class RunningBroker:
    """A broker, and what its clients published."""

    def __init__(self, authorize: Authorizer) -> None:
        listener = listen("127.0.0.1", 0)
        self.port = listener.port
        self.taken: list[tuple[str, bytes]] = []
        self.broker = Broker(listener.socket, authorize, lambda topic, payload: self.taken.append((topic, payload)))


@contextmanager
def running(authorize: Authorizer = mqtt_authorize) -> Iterator[RunningBroker]:
    made = RunningBroker(authorize)
    thread = threading.Thread(target=made.broker.run)
    thread.start()
    yield made
    made.broker.stop()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def broker(database: str) -> Iterator[RunningBroker]:
    del database
    with running() as made:
        yield made


Connect = Callable[..., MqttClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes clients that are ended with the test: connect(broker, ...)."""
    with ExitStack() as clients:

        def connect(broker: RunningBroker, **options: Any) -> MqttClient:
            client = MqttClient(broker.port, **options)
            clients.callback(client.close)
            return client

        yield connect


def data(device: Device) -> str:
    return f"iot/devices/{device.device_id}/data"


def commands(device: Device) -> str:
    return f"iot/devices/{device.device_id}/commands"


def signed_in(connect: Connect, broker: RunningBroker, device: Device, **options: Any) -> MqttClient:
    client = connect(broker, **options)
    assert client.sign_in(device.device_id, device.api_key)
    return client


def test_a_device_publishes_to_its_own_topic_and_hears_its_own_commands(
    person: Person, broker: RunningBroker, connect: Connect
) -> None:
    device = person.device()
    client = signed_in(connect, broker, device, client_id=device.device_id)
    assert client.listen(commands(device)) == [1]
    for qos in (0, 1, 2):
        client.say(data(device), {"temperature": qos}, qos=qos)
    eventually(lambda: len(broker.taken) == 3, "all are taken")
    assert set(broker.taken) == {(data(device), f'{{"temperature": {qos}}}'.encode()) for qos in (0, 1, 2)}
    broker.broker.publish(commands(device), b"a command")
    eventually(lambda: client.heard == [(commands(device), b"a command")], "the command comes")


@pytest.mark.parametrize("wrong", ["key", "user", "nothing"])
def test_who_does_not_know_the_key_is_told_so_and_stays_out(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, wrong: str
) -> None:
    device, other = person.device(), stranger.device()
    user = {"key": device.device_id, "user": other.device_id, "nothing": ""}[wrong]
    key = {"key": "gw_wrong", "user": device.api_key, "nothing": ""}[wrong]
    client = connect(broker)
    assert not client.sign_in(user, key)
    assert client.answer is not None
    assert client.answer.value == NOT_AUTHORIZED


def test_a_client_id_of_another_device_is_refused(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect
) -> None:
    device, other = person.device(), stranger.device()
    assert not connect(broker, client_id=other.device_id).sign_in(device.device_id, device.api_key)


@pytest.mark.parametrize("topic", ["iot/devices/{other}/data", "iot/devices/{own}/commands", "iot/else", "$SYS/x"])
def test_publishing_to_a_foreign_topic_is_not_taken_and_ends_the_connection(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, topic: str
) -> None:
    device, other = person.device(), stranger.device()
    listener = signed_in(connect, broker, other)
    listener.listen(commands(other))
    client = signed_in(connect, broker, device)
    client.say(topic.format(own=device.device_id, other=other.device_id), {"temperature": 1})
    eventually(client.lost.is_set, "the connection ends")
    signed_in(connect, broker, device).say(data(device), b"mine")
    eventually(lambda: broker.taken == [(data(device), b"mine")], "only its own is taken")
    assert not listener.heard


def test_wildcards_and_foreign_topics_cannot_be_listened_to(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect
) -> None:
    device, other = person.device(), stranger.device()
    client = signed_in(connect, broker, device)
    foreign = ["#", "+/#", "iot/devices/+/commands", commands(other), data(other), data(device), "$SYS/#"]
    assert client.listen(*foreign, commands(device)) == [REFUSED] * len(foreign) + [1]
    broker.broker.publish(commands(other), b"not for it")
    broker.broker.publish(commands(device), b"for it")
    eventually(lambda: client.heard, "its own command comes")
    assert client.heard == [(commands(device), b"for it")]


@pytest.mark.parametrize(("own", "retain"), [(False, False), (True, True)])
def test_a_last_will_for_a_foreign_topic_or_to_be_retained_is_refused(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, own: bool, retain: bool
) -> None:
    device, other = person.device(), stranger.device()
    client = connect(broker)
    client.client.will_set(data(device if own else other), b"{}", qos=1, retain=retain)
    assert not client.sign_in(device.device_id, device.api_key)


def test_a_message_that_is_too_large_ends_the_connection_and_is_not_taken(
    person: Person, broker: RunningBroker, connect: Connect
) -> None:
    device = person.device()
    client = signed_in(connect, broker, device)
    client.say(data(device), b"x" * MAX_PAYLOAD_BYTES)
    eventually(lambda: len(broker.taken) == 1, "the largest is taken")
    client.say(data(device), b"x" * (MAX_PAYLOAD_BYTES + 1))
    eventually(client.lost.is_set, "the connection ends")
    assert len(broker.taken) == 1


def test_a_message_to_be_retained_is_refused_as_on_aws(person: Person, broker: RunningBroker, connect: Connect) -> None:
    device = person.device()
    client = signed_in(connect, broker, device)
    client.say(data(device), b"{}", retain=True)
    eventually(client.lost.is_set, "the connection ends")
    assert not broker.taken


def test_rights_are_asked_again_and_a_device_that_lost_them_is_cut_off(
    person: Person, database: str, connect: Connect
) -> None:
    del database
    device, asked = person.device(), []

    def authorize(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        asked.append(event)
        answer: dict[str, Any] = mqtt_authorize(event, context)
        return answer | {"refreshAfterInSeconds": 0} if answer["isAuthenticated"] else answer

    with running(authorize) as broker:
        client = signed_in(connect, broker, device)
        client.say(data(device), b"1")
        eventually(lambda: broker.taken, "it is taken")
        assert len(asked) == 2
        assert person.call("DELETE", f"/device/{device.device_id}").status == 200
        client.say(data(device), b"2")
        eventually(client.lost.is_set, "the connection ends")
    assert broker.taken == [(data(device), b"1")]


def test_rights_that_are_still_good_are_not_asked_again(person: Person, database: str, connect: Connect) -> None:
    del database
    device, asked = person.device(), []

    def authorize(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        asked.append(event)
        answer: dict[str, Any] = mqtt_authorize(event, context)
        return answer

    with running(authorize) as broker:
        client = signed_in(connect, broker, device)
        for number in range(3):
            client.say(data(device), str(number).encode())
        eventually(lambda: len(broker.taken) == 3, "they are taken")
    assert len(asked) == 1


def test_an_authorizer_that_fails_lets_nobody_in(database: str, connect: Connect) -> None:
    del database

    def fail(*_: object) -> dict[str, Any]:
        raise RuntimeError("down")

    with running(fail) as broker:
        assert not connect(broker).sign_in("GW-1", "key")


@pytest.mark.parametrize("clean", [True, False])
def test_a_stranger_cannot_disturb_a_session_by_its_client_id(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, clean: bool
) -> None:
    """Neither without a key, nor with the key of another device."""
    device, other = person.device(), stranger.device()
    victim = signed_in(connect, broker, device, client_id="kitchen", clean=clean)
    victim.listen(commands(device))
    assert not connect(broker, client_id="kitchen").sign_in(device.device_id, "gw_wrong")
    assert not connect(broker, client_id="kitchen", clean=False).sign_in(device.device_id, "gw_wrong")
    thief = signed_in(connect, broker, other, client_id="kitchen", clean=False)
    broker.broker.publish(commands(device), b"for the kitchen")
    eventually(lambda: victim.heard, "the command comes")
    victim.say(data(device), b"still here")
    eventually(lambda: broker.taken == [(data(device), b"still here")], "it may still publish")
    assert not victim.lost.is_set()
    assert not thief.heard


def test_a_lasting_session_gets_what_came_while_it_was_away(
    person: Person, broker: RunningBroker, connect: Connect
) -> None:
    device = person.device()
    first = signed_in(connect, broker, device, client_id="pump", clean=False)
    first.listen(commands(device))
    first.close()
    witness = signed_in(connect, broker, device)
    witness.listen(commands(device))
    broker.broker.publish(commands(device), b"missed")
    eventually(lambda: witness.heard, "it is sent")
    assert not connect(broker, client_id="pump", clean=False).sign_in(device.device_id, "gw_wrong")
    second = signed_in(connect, broker, device, client_id="pump", clean=False)
    eventually(lambda: second.heard == [(commands(device), b"missed")], "what it missed comes")


def test_the_same_client_that_comes_again_ends_its_older_connection(
    person: Person, broker: RunningBroker, connect: Connect
) -> None:
    device = person.device()
    older = signed_in(connect, broker, device, client_id=device.device_id)
    newer = signed_in(connect, broker, device, client_id=device.device_id)
    eventually(older.lost.is_set, "the older one ends")
    newer.listen(commands(device))
    broker.broker.publish(commands(device), b"to the newer")
    eventually(lambda: newer.heard, "the newer one hears")


def connect_packet(name: bytes, level: int, flags: int, *fields: bytes) -> bytes:
    body = len(name).to_bytes(2, "big") + name + bytes([level, flags, 0, 60])
    body += b"".join(len(field).to_bytes(2, "big") + field for field in fields)
    return bytes([0x10, len(body)]) + body


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (connect_packet(b"MQIsdp", 3, 2, b"old"), b"\x20\x02\x00\x01"),
        (connect_packet(b"MQTT", 3, 2, b"odd"), b"\x20\x02\x00\x01"),
        (connect_packet(b"MQTT", 4, 0, b""), b"\x20\x02\x00\x02"),
        (connect_packet(b"MQTT", 4, 2, b"nobody"), b"\x20\x02\x00\x05"),
        (connect_packet(b"MQTT", 4, 0xC2, b"x", b"\xff\xfe", b"key"), b"\x20\x02\x00\x05"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 20, b""),
        (b"\x30\x05\x00\x01ab!", b""),
        (b"\x10\xff\xff\xff\xff\x7f", b""),
    ],
)
def test_what_is_no_sign_in_is_answered_or_hung_up_on(broker: RunningBroker, said: bytes, answer: bytes) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), 10) as line:
        line.sendall(said)
        assert hear_all(line) == answer


def hear_all(line: socket.socket) -> bytes:
    heard = b""
    try:
        while more := line.recv(100):
            heard += more
    except ConnectionResetError:
        pass
    return heard


def test_mqtt_5_is_refused(broker: RunningBroker) -> None:
    refused = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False)
    client.on_disconnect = lambda *_: refused.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    eventually(refused.is_set, "it is refused")
    client.loop_stop()


def test_one_who_says_nothing_is_hung_up_on(broker: RunningBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_door, "CONNECT_SECONDS", 0.05)
    with socket.create_connection(("127.0.0.1", broker.port), 10) as line:
        assert hear_all(line) == b""


def test_a_client_that_is_silent_past_its_keep_alive_is_given_up() -> None:
    async def read() -> None:
        stream = asyncio.StreamReader()
        reader = ClientReader(stream, b"", keep_alive_seconds=1)
        stream.feed_data(b"ab")
        assert await reader.read(2) == b"ab"
        started = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionError, match="keep-alive"):
            await reader.read(1)
        assert asyncio.get_running_loop().time() - started >= 1.4

    with ThreadPoolExecutor(1) as apart:  # the browser's tests leave a loop running in the main thread
        apart.submit(asyncio.run, read()).result()
