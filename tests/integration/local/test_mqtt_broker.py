"""The PC's broker with real clients and the real authorizer; what it hands to the rule is noted."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from chalicelib.devices.model import key_digest, parse_principal
from chalicelib.entrypoints.mqtt import mqtt_authorize
from infra.local.emulator import mqtt_auth_proxy
from infra.local.emulator.connection_limits import MqttLimits
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.mqtt_broker import Broker
from infra.local.emulator.mqtt_connection import MAX_PAYLOAD_BYTES, ClientReader
from infra.local.emulator.mqtt_permissions import Authorizer
from infra.local.emulator.topic_rule import Sender
from infra.local.runner.server import listen
from tests.conftest import Device, Person, eventually
from tests.integration.mqtt_client import MqttClient

NOT_AUTHORIZED = 135
"""MQTT 5's number, into which paho turns the 5 of MQTT 3.1.1."""
REFUSED = 128


class RunningBroker:
    """A broker, and what its clients published."""

    def __init__(self, authorize: Authorizer, limits: MqttLimits) -> None:
        listener = listen("127.0.0.1", 0)
        self.port = listener.port
        self.taken: list[tuple[str, bytes]] = []
        self.senders: list[Sender] = []
        self.promises: list[Future[None]] = []
        self.is_full = False
        self.broker = Broker(listener.socket, authorize, self._take, limits)

    def _take(self, topic: str, payload: bytes, sender: Sender) -> Future[None]:
        self.taken.append((topic, payload))
        self.senders.append(sender)
        promise: Future[None] = Future()
        self.promises.append(promise)
        if not self.is_full:
            promise.set_result(None)
        return promise


@contextmanager
def running(authorize: Authorizer = mqtt_authorize, limits: MqttLimits | None = None) -> Iterator[RunningBroker]:
    made = RunningBroker(authorize, limits or MqttLimits())
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
        assert len(asked) >= 2
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


@pytest.mark.parametrize("password", [None, "gwk.GW-1.secret", "x" * 4_000])
def test_mqtt_5_is_told_so_and_logged(
    broker: RunningBroker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.setattr(mqtt_auth_proxy, "CONNECT_SECONDS", 600.0)
    codes: list[str] = []
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False)
    client.on_connect = lambda _client, _data, _flags, code, _more: codes.append(str(code))
    client.username_pw_set("GW-1", password)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    eventually(lambda: codes, "it is answered, not left waiting")
    client.loop_stop()
    assert codes == ["Unsupported protocol version"]
    assert "it does not speak MQTT 3.1.1" in caplog.text


def test_what_a_device_publishes_is_handed_on_with_who_signed_in(
    person: Person, broker: RunningBroker, connect: Connect
) -> None:
    device = person.device()
    client = signed_in(connect, broker, device, client_id="kitchen")
    client.say(data(device), b"{}")
    eventually(lambda: broker.senders, "it is taken")
    (sender,) = broker.senders
    assert sender.client_id == "kitchen"
    assert parse_principal(sender.principal)[1] == key_digest(device.api_key)


def released(person: Person, device: Device) -> None:
    assert person.call("DELETE", f"/device/{device.device_id}").status == 200


def rotated(person: Person, device: Device) -> None:
    key = person.call("POST", f"/device/{device.device_id}/key").body["apiKey"]
    assert Device(device.device_id, key, device.call_entry).call("POST", "/device/heartbeat").status == 200


def closed(person: Person, device: Device) -> None:
    assert person.call("DELETE", "/account", {"currentPassword": person.password}).status == 202


ENDINGS = [released, rotated, closed]


@pytest.mark.parametrize("end", ENDINGS)
def test_a_connection_ends_with_its_key_though_it_only_listens(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, end: Callable[[Person, Device], None]
) -> None:
    device, other = person.device(), stranger.device()
    device.call("POST", "/device/heartbeat")
    client, bystander = (signed_in(connect, broker, each, client_id="kitchen") for each in (device, other))
    client.listen(commands(device))
    end(person, device)
    for name in ("kitchen", device.device_id):
        broker.broker.reauthorize(name)
    broker.broker.publish(commands(device), b"for whoever owns it now")
    eventually(client.lost.is_set, "the connection ends")
    assert not client.heard
    bystander.say(data(other), b"{}")
    eventually(lambda: broker.taken == [(data(other), b"{}")], "one of another device stays")
    assert not bystander.lost.is_set()


@pytest.mark.parametrize("end", ENDINGS)
def test_what_was_kept_for_a_former_key_is_never_delivered(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect, end: Callable[[Person, Device], None]
) -> None:
    device = person.device()
    device.call("POST", "/device/heartbeat")
    away = signed_in(connect, broker, device, client_id="pump", clean=False)
    away.listen(commands(device))
    away.close()
    broker.broker.publish(commands(device), b"the former owner's")
    end(person, device)
    broker.broker.reauthorize(device.device_id)
    next_owner = stranger if end is not rotated else person
    key = next_owner.call("POST", "/device/register", {"deviceId": device.device_id}).body["apiKey"]
    new = connect(broker, client_id="pump", clean=False)
    assert new.sign_in(device.device_id, key)
    assert new.listen(commands(device)) == [1]
    broker.broker.publish(commands(device), b"the next owner's")
    eventually(lambda: new.heard == [(commands(device), b"the next owner's")], "only that comes")


def test_rights_that_are_taken_while_a_client_signs_in_are_asked_again(
    person: Person, database: str, connect: Connect
) -> None:
    del database
    device = person.device()

    def authorize(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer: dict[str, Any] = mqtt_authorize(event, context)
        if answer["isAuthenticated"]:
            released(person, device)
            made.broker.reauthorize(device.device_id)
        return answer

    with running(authorize) as made:
        client = connect(made)
        client.sign_in(device.device_id, device.api_key)
        eventually(client.lost.is_set, "it does not stay")


def test_rights_run_out_of_a_client_that_only_listens(person: Person, database: str, connect: Connect) -> None:
    del database
    device = person.device()

    def authorize(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        answer: dict[str, Any] = mqtt_authorize(event, context)
        return answer | {"refreshAfterInSeconds": 1} if answer["isAuthenticated"] else answer

    with running(authorize) as broker:
        client = signed_in(connect, broker, device)
        released(person, device)
        eventually(client.lost.is_set, "the connection ends")


def test_a_client_is_read_no_faster_than_its_messages_are_taken(
    person: Person, stranger: Person, broker: RunningBroker, connect: Connect
) -> None:
    device, other = person.device(), stranger.device()
    broker.is_full = True
    client = connect(broker)
    acknowledged: list[int] = []
    client.client.on_publish = lambda _client, _data, number, _code, _more: acknowledged.append(number)
    client.client.max_inflight_messages_set(1_000)
    assert client.sign_in(device.device_id, device.api_key)
    for number in range(300):
        client.say(data(device), b"%05d" % number + b"x" * 10_000)
    eventually(lambda: broker.taken, "the first is taken")
    bystander = signed_in(connect, broker, other)
    bystander.say(data(other), b"{}")
    eventually(lambda: (data(other), b"{}") in broker.taken, "another device is heard meanwhile")
    assert [payload[:5] for topic, payload in broker.taken if topic == data(device)] == [b"00000"]
    assert not acknowledged, "none is acknowledged that is not taken"
    broker.is_full = False
    for promise in list(broker.promises):
        if not promise.done():
            promise.set_result(None)
    eventually(lambda: len(acknowledged) == 300, "then all are")
    taken = [int(payload[:5]) for topic, payload in broker.taken if topic == data(device)]
    assert taken == list(range(300)), "each once, in their order"


def test_what_was_read_before_a_goodbye_is_taken(person: Person, broker: RunningBroker, connect: Connect) -> None:
    device = person.device()
    broker.is_full = True
    client = signed_in(connect, broker, device)
    for number in range(5):
        client.say(data(device), str(number).encode(), qos=0)
    eventually(lambda: broker.taken, "the first is taken")
    client.close()
    while len(broker.taken) < 5:
        eventually(lambda: not broker.promises[-1].done(), "the next waits")
        count = len(broker.taken)
        broker.promises[-1].set_result(None)
        eventually(lambda seen=count: len(broker.taken) > seen, "and is taken in its turn")  # type: ignore[misc]
    broker.promises[-1].set_result(None)


def test_a_device_has_so_many_connections_and_the_oldest_ends(person: Person, database: str, connect: Connect) -> None:
    del database
    device = person.device()
    with running(limits=MqttLimits(per_device=3)) as broker:
        clients = [signed_in(connect, broker, device) for _ in range(4)]
        eventually(clients[0].lost.is_set, "the oldest ends")
        assert not any(client.lost.is_set() for client in clients[1:])


def test_an_address_has_so_many_connections(
    person: Person, database: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    del database
    device = person.device()
    with running(limits=MqttLimits(per_address=2)) as broker, ExitStack() as lines:
        silent = [lines.enter_context(socket.create_connection(("127.0.0.1", broker.port), 10)) for _ in range(2)]
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", broker.port), 10) as line:
                assert hear_all(line) == b"", "it is turned away"
        silent[0].close()

        def comes_in() -> bool:
            try:
                return connect(broker).sign_in(device.device_id, device.api_key)
            except OSError:
                return False

        eventually(comes_in, "there is room again")
    assert caplog.text.count("connections are turned away") == 1, "one line, however many come"


def test_one_who_says_nothing_is_hung_up_on(broker: RunningBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_auth_proxy, "CONNECT_SECONDS", 0.05)
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
