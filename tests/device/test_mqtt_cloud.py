"""The cloud by MQTT: real connections to the PC stack's broker, behind which a test decides what is answered."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ghostwatt_pi.agent.agent import Agent
from ghostwatt_pi.buffer.batches import Batch, BufferedReading
from ghostwatt_pi.buffer.store import ReadingStore
from ghostwatt_pi.cloud import mqtt as mqtt_cloud
from ghostwatt_pi.cloud import mqtt_connection
from ghostwatt_pi.cloud.client import address, open_client
from ghostwatt_pi.cloud.errors import CloudAway, KeyRefused, RateLimited, Refused
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.cloud.mqtt import MqttClient
from ghostwatt_pi.cloud.mqtt_connection import Broker
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.measurement import Measurement, now_ms
from ghostwatt_pi.schemas import RelayReport
from ghostwatt_pi.settings.config import BadSetting, Settings

from infra.local.emulator import mqtt_broker
from infra.local.emulator.lambda_context import LambdaContext
from infra.local.emulator.topic_rule import Sender
from infra.local.runner.server import listen

from .conftest import RecordedLog, ScriptedMeter, until
from .fake_cloud import FakeCloud

DEVICE = "GW-1"
COMMANDS = f"iot/devices/{DEVICE}/commands"
PATHS = {"batchId": "/sensor/readings", "relays": "/device/heartbeat"}
CODES = {401: "bad_device_key"}


class MqttFront:
    """A broker before the fake cloud: what a device publishes is answered on its commands topic."""

    def __init__(self, cloud: FakeCloud, port: int = 0) -> None:
        self.cloud = cloud
        self.mute = False  # no answers
        self.echoes = True  # an answer says which call it is for
        self.said: list[dict[str, Any]] = []
        self._listener = listen("127.0.0.1", port)
        self.port = self._listener.port
        self.broker = mqtt_broker.Broker(self._listener.socket, self._authorize, self._take)
        self._thread = threading.Thread(target=self.broker.run, daemon=True)
        self._thread.start()

    @property
    def place(self) -> Broker:
        return Broker("127.0.0.1", self.port, tls=False)

    def stop(self) -> None:
        self.broker.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def push(self, answer: dict[str, Any]) -> None:
        self.broker.publish(COMMANDS, json.dumps(answer).encode())

    def _authorize(self, event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
        said = event["protocolData"]["mqtt"]
        if base64.b64decode(said["password"]).decode() != self.cloud.api_key:
            return {"isAuthenticated": False}
        statement = {"Effect": "Allow", "Action": "iot:*", "Resource": "arn:aws:iot:x:1:*"}
        policies = [{"Statement": [statement]}]
        permissions = {"principalId": "uid1", "refreshAfterInSeconds": 300, "policyDocuments": policies}
        return {"isAuthenticated": True, **permissions}

    def _take(self, _topic: str, payload: bytes, _sender: Sender) -> Future[None]:
        self._answer(payload)
        taken: Future[None] = Future()
        taken.set_result(None)
        return taken

    def _answer(self, payload: bytes) -> None:
        said = json.loads(payload)
        self.said.append(said)
        path = next(path for field, path in PATHS.items() if field in said)
        with self.cloud.lock:
            status, answer, _headers = self.cloud.answer(path, said, f"Device {self.cloud.api_key}")
        if not self.mute and status:
            name = "batchId" if "batchId" in said else "sentAtMs"
            about = {name: said[name]} if name == "batchId" or (status == 200 and self.echoes) else {}
            failure = {} if status == 200 else {"code": CODES.get(status, answer.get("code"))}
            self.push({"success": status == 200, **answer, **failure, **about})


@pytest.fixture
def front(cloud: FakeCloud) -> Iterator[MqttFront]:
    made = MqttFront(cloud)
    yield made
    made.stop()


Reach = Callable[..., MqttClient]


@contextmanager
def reached(front: MqttFront, answer_seconds: float = 10.0) -> Iterator[MqttClient]:
    with MqttClient(front.place, DEVICE, HttpClient(front.cloud.url), answer_seconds) as client:
        yield client


def batch(batch_id: str = "b-1", readings: int = 2) -> Batch:
    rows = tuple(BufferedReading(row, "port-1", now_ms() + row, 230.0, 0.4, 92.0) for row in range(readings))
    return Batch(batch_id, rows)


def reply(front: MqttFront, **fields: Any) -> dict[str, Any]:
    _, answer, _ = front.cloud.answer(
        "/device/heartbeat", {"sentAtMs": 1, "relays": [], "agentVersion": "1"}, "Device key-1"
    )
    return {"success": True, **answer, **fields}


def test_a_heartbeat_is_answered_and_teaches_the_time(front: MqttFront) -> None:
    front.cloud.server_time_ms = now_ms() + 3_600_000
    with reached(front) as client:
        answer = client.heartbeat("key-1", [RelayReport("port-1", "off", 3)], 7)
        assert answer.relays[0].port_id == "port-1"
        assert client.clock.is_known
        assert 3_590_000 < client.clock.correction_ms < 3_610_000
    assert front.cloud.reports == [{"portId": "port-1", "state": "off", "version": 3}]
    assert front.cloud.dropped_readings == 7


def test_a_batch_is_answered_by_the_message_with_its_own_id(front: MqttFront) -> None:
    with reached(front) as client:
        client.heartbeat("key-1", [])
        front.mute = True
        given = batch()
        answered = []
        asking = threading.Thread(target=lambda: answered.append(client.send_batch("key-1", given)), daemon=True)
        asking.start()
        until(lambda: front.cloud.attempts)
        results = [{"index": index, "status": "stored"} for index in range(2)]
        front.push(reply(front))
        front.push(reply(front, batchId="another", results=results))
        front.push(reply(front, batchId=given.batch_id, results=results))
        asking.join()
        assert [result.status for result in answered[0].results] == ["stored", "stored"]
        assert len(client.pushed()) == 2, "the others are pushes"


def test_without_an_answer_the_call_fails_and_a_late_answer_is_not_taken_for_the_next(front: MqttFront) -> None:
    with reached(front, answer_seconds=0.3) as client:
        client.heartbeat("key-1", [])
        front.mute = True
        with pytest.raises(CloudAway, match="no answer within"):
            client.heartbeat("key-1", [])
        front.push(reply(front, serverTimeMs=1, sentAtMs=1))
        front.mute = False
        assert client.heartbeat("key-1", []).server_time_ms > 1


def test_a_push_is_no_answer_to_a_heartbeat(front: MqttFront) -> None:
    front.echoes = False
    with reached(front, answer_seconds=0.5) as client, pytest.raises(CloudAway, match="no answer within"):
        client.heartbeat("key-1", [])


@pytest.mark.parametrize(
    ("status", "code", "raised"),
    [
        (401, "bad_device_key", KeyRefused),
        (409, "batch_conflict", Refused),
        (413, "too_large", Refused),
        (422, "invalid", Refused),
        (503, "database_unavailable", CloudAway),
        (500, None, CloudAway),
    ],
)
def test_a_refusal_is_the_same_error_as_over_http(
    front: MqttFront, status: int, code: str | None, raised: type[Exception]
) -> None:
    front.cloud.fail("/sensor/readings", status, {"code": code, "field": "sentAtMs"})
    with reached(front) as client, pytest.raises(raised) as refused:
        client.send_batch("key-1", batch())
    if isinstance(refused.value, Refused):
        assert (refused.value.status, refused.value.code, refused.value.field) == (status, code, "sentAtMs")


def test_a_device_past_its_limit_is_told_how_long_to_wait(front: MqttFront) -> None:
    front.cloud.fail("/sensor/readings", 429, {"code": "too_many_requests", "retryAfterSeconds": 7})
    with reached(front) as client:
        with pytest.raises(RateLimited) as limited:
            client.send_batch("key-1", batch())
        assert limited.value.retry_after_seconds == 7
        assert client.send_batch("key-1", batch()).results


def test_a_batch_over_the_brokers_limit_is_refused_here_so_that_it_is_halved(front: MqttFront) -> None:
    with reached(front) as client, pytest.raises(Refused) as refused:
        client.send_batch("key-1", batch(readings=2_000))
    assert refused.value.status == 413
    assert not front.said


def test_a_key_that_is_refused_at_sign_in_is_told_and_the_next_key_is_taken(front: MqttFront) -> None:
    with reached(front) as client:
        with pytest.raises(KeyRefused):
            client.heartbeat("wrong", [])
        client.heartbeat("key-1", [])
        front.cloud.api_key = "key-2"
        client.heartbeat("key-2", [])


@contextmanager
def rude_broker() -> Iterator[int]:
    """One that hangs up on whoever signs in."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_where_the_broker_only_hangs_up_http_says_whether_it_is_the_key(cloud: FakeCloud) -> None:
    with (
        rude_broker() as port,
        MqttClient(Broker("127.0.0.1", port, tls=False), DEVICE, HttpClient(cloud.url)) as client,
    ):
        with pytest.raises(KeyRefused):
            client.heartbeat("wrong", [])
        with pytest.raises(CloudAway, match="hung up"):
            client.heartbeat("key-1", [])


def test_no_broker_is_an_absent_cloud(cloud: FakeCloud) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        MqttClient(Broker("127.0.0.1", port, tls=False), DEVICE, HttpClient(cloud.url)) as client,
        pytest.raises(CloudAway, match="ConnectionRefusedError"),
    ):
        client.heartbeat("key-1", [])


def test_a_push_wakes_and_a_lost_connection_is_told_once(front: MqttFront) -> None:
    with reached(front) as client:
        woken = threading.Event()
        client.listen(woken.set)
        client.heartbeat("key-1", [])
        woken.clear()
        front.push(reply(front, intervalSeconds=7))
        assert woken.wait(10)
        (pushed,) = client.pushed()
        assert pushed.interval_seconds == 7
        front.broker.publish(COMMANDS, b"no JSON")
        front.broker.publish(COMMANDS, b'{"success": false, "code": "invalid"}')
        woken.clear()
        front.stop()
        front.__init__(front.cloud, front.port)  # type: ignore[misc]  # the same, started anew
        until(woken.is_set)

        def lost() -> bool:
            try:
                return bool(client.pushed())
            except CloudAway:
                return True

        until(lost)
        assert client.pushed() == []
        client.heartbeat("key-1", [])


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # paho leaves the socket to the collector
def test_a_certificate_nobody_vouches_for_gets_no_key(cloud: FakeCloud, tmp_path: Path) -> None:
    heard: list[bytes] = []
    with tls_server(tmp_path, heard) as (port, _):
        broker = Broker("localhost", port, tls=True)
        with MqttClient(broker, DEVICE, HttpClient(cloud.url)) as client, pytest.raises(CloudAway, match="SSLCert"):
            client.heartbeat("the-key", [])
    assert heard == []


def test_over_tls_the_key_goes_to_the_server_that_proves_its_name(
    cloud: FakeCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    with tls_server(tmp_path, heard) as (port, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        broker = Broker("localhost", port, tls=True)
        with MqttClient(broker, DEVICE, HttpClient(cloud.url)) as client, pytest.raises(CloudAway, match="hung up"):
            client.heartbeat("key-1", [])
    assert b"key-1" in heard[0]


@contextmanager
def tls_server(folder: Path, heard: list[bytes]) -> Iterator[tuple[int, Path]]:
    """(port, certificate) of a server for localhost that notes what it hears and hangs up."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate to refuse")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    request = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                connection, _ = server.accept()
                with context.wrap_socket(connection, server_side=True) as secure:
                    heard.append(secure.recv(1000))
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], certificate
        thread.join(10)


def test_port_443_names_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[list[str]] = []
    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _, names: named.append(names))
    mqtt_connection.MqttConnection(Broker("broker.example", 443, tls=True), DEVICE, "key", lambda: None)
    assert named == [["mqtt"]]


def test_the_settings_choose_the_transport(tmp_path: Path) -> None:
    aws = Settings(tmp_path, transport="mqtt", mqtt_host="d1.iot.eu-central-1.amazonaws.com")
    assert address(aws) == "mqtts://d1.iot.eu-central-1.amazonaws.com:443"
    assert address(Settings(tmp_path, transport="mqtt", mqtt_host="127.0.0.1")) == "mqtt://127.0.0.1:1883"
    assert address(Settings(tmp_path, transport="mqtt", mqtt_host="x", mqtt_port=8883)) == "mqtts://x:8883"
    assert address(Settings(tmp_path, mqtt_host="x")) == Settings(tmp_path).api
    with open_client(aws, DEVICE) as by_mqtt, open_client(Settings(tmp_path), DEVICE) as by_http:
        assert isinstance(by_mqtt, MqttClient)
        assert isinstance(by_http, HttpClient)


def test_mqtt_without_a_broker_or_without_paho_is_a_bad_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadSetting, match="mqtt_host"):
        open_client(Settings(tmp_path, transport="mqtt"), DEVICE)
    monkeypatch.setitem(sys.modules, "ghostwatt_pi.cloud.mqtt", None)
    with pytest.raises(BadSetting, match="pipx inject ghostwatt-pi paho-mqtt"):
        open_client(Settings(tmp_path, transport="mqtt", mqtt_host="x"), DEVICE)


def test_paho_is_not_loaded_unless_it_is_used() -> None:
    program = "import sys, ghostwatt_pi.commands.run; sys.exit(any(name.startswith('paho') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@contextmanager
def agent_at_work(front: MqttFront, directory: DataDirectory, meter: ScriptedMeter, log: RecordedLog) -> Iterator[None]:
    stop = threading.Event()

    def work() -> None:
        buffer = ReadingStore(directory.buffer_path)
        with reached(front, answer_seconds=1.0) as client:
            Agent(directory, client, buffer, meter, log, stop).run()
        buffer.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_a_command_is_obeyed_and_acknowledged_at_once(
    front: MqttFront, directory: DataDirectory, log: RecordedLog
) -> None:
    front.cloud.interval_seconds = front.cloud.heartbeat_seconds = 3_600
    meter = ScriptedMeter()
    with agent_at_work(front, directory, meter, log):
        until(lambda: front.cloud.reported(1))  # the state at the start
        front.cloud.command(1, "off", 2)
        front.push(reply(front))
        until(lambda: any(report["version"] == 2 for report in front.cloud.reported(1)))
        assert front.cloud.reported(1)[-1]["state"] == "off"


def test_only_the_clouds_answer_empties_the_spool(front: MqttFront, directory: DataDirectory, log: RecordedLog) -> None:
    front.mute, front.cloud.heartbeat_seconds = True, 3_600
    meter = ScriptedMeter()
    with agent_at_work(front, directory, meter, log):
        meter.say(Measurement(1, now_ms(), 230.0, 0.4, 92.0))
        until(lambda: len(front.said) >= 2)
        assert not front.cloud.attempts, "before the first answer nothing is sent"
        front.mute = False
        until(lambda: log.of("uploaded") and front.cloud.reported(1))
        front.mute = True
        meter.say(Measurement(1, now_ms(), 230.0, 0.4, 93.0))
        until(lambda: len(log.of("away")) == 2)
        front.mute = False
        until(lambda: len(log.of("uploaded")) == 2)
    (_, _), (first_id, first), (again_id, again), *_ = front.cloud.attempts
    assert (first_id, first) == (again_id, again), "the same batch again"
    assert log.of("uploaded")[1]["duplicate"] == 1


def test_the_largest_batch_fits_the_brokers_limit() -> None:
    widest = BufferedReading(1, "p" * 32, 4_102_444_800_000, 229.9999999999999, 99.99999999999999, 24999.99999999999)
    body = {"batchId": "b" * 64, "sentAtMs": 1, "readings": [widest.to_json()] * 500}
    assert len(json.dumps(body, separators=(",", ":"))) <= mqtt_cloud.MAX_MESSAGE_BYTES
