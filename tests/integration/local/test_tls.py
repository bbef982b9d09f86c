"""`make serve TLS=1`: HTTPS and MQTTS for other machines, plain HTTP for this one; clients that trust its CA only."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.sync.client import connect

from infra.local.runner.process import RunningStack, running_stack
from tests.conftest import eventually
from tests.integration.mqtt_client import MqttClient
from tests.integration.test_replay import Household, events_of

ELSEWHERE = "127.0.0.2"
"""An address of this machine that the agent takes for another machine's: it is no loopback name that it knows."""
LINE = re.compile(r"^(HTTPS|MQTTS|MQTT|CA) at (.*)$", re.MULTILINE)


class Home:
    """A running stack with TLS."""

    def __init__(self, stack: RunningStack) -> None:
        said = dict(LINE.findall((stack.data_dir / "stack.log").read_text()))
        self.base_url, self.ca = stack.base_url, stack.data_dir / "tls/ca.pem"
        self.https_port, self.mqtts_port = (int(said[name].rpartition(":")[2]) for name in ("HTTPS", "MQTTS"))
        self.url = f"https://{ELSEWHERE}:{self.https_port}"
        self.announced, self.fingerprint = said["HTTPS"], said["CA"].rpartition(" ")[2]
        self.household = Household(stack.base_url)

    def get(self, path: str, **named: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=60, **{"verify": self.ca, **named})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = {"TLS": "1", "TLS_NAMES": ELSEWHERE, "HTTPS_PORT": "0", "MQTTS_PORT": "0"}
    with running_stack(tmp_path_factory.mktemp("stack"), environment=settings) as running:
        yield Home(running)


@pytest.fixture(scope="module")
def foreign_ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of somebody else."""
    openssl = shutil.which("openssl")
    assert openssl
    path = tmp_path_factory.mktemp("foreign") / "ca.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=other"]
    subprocess.run([*command, "-keyout", path.with_name("key"), "-out", path], check=True, capture_output=True)
    return path


def test_page_and_api_answer_over_tls_and_without_it_on_this_machine_only(home: Home) -> None:
    assert home.get("/api/health").json()["success"]
    assert "<title>" in home.get("/").text
    plain = home.base_url.rpartition(":")[2]
    assert requests.get(f"http://127.0.0.1:{plain}/api/health", timeout=60).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://{ELSEWHERE}:{plain}/api/health", timeout=60)


def test_a_wrong_name_and_another_ca_are_refused(home: Home, foreign_ca: Path) -> None:
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        home.get("/api/health", verify=foreign_ca)
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        home.get("/api/health", verify=True)
    with pytest.raises(requests.exceptions.SSLError, match=r"127\.0\.0\.3"):
        requests.get(f"https://127.0.0.3:{home.https_port}/api/health", verify=str(home.ca), timeout=60)


def test_old_tls_is_refused(home: Home) -> None:
    context = ssl.create_default_context(cafile=home.ca)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    line = socket.create_connection((ELSEWHERE, home.https_port), 60)
    with line, context.wrap_socket(line, server_hostname=ELSEWHERE) as secured:
        assert secured.version() == "TLSv1.2"
    old = ssl.create_default_context(cafile=home.ca)
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((ELSEWHERE, home.https_port), 60) as line, pytest.raises(ssl.SSLError):
        old.wrap_socket(line, server_hostname=ELSEWHERE)


def test_the_ca_is_there_to_fetch_and_its_fingerprint_is_that_at_start(home: Home) -> None:
    answer = requests.get(f"{home.base_url}/ca.pem", timeout=60)
    assert answer.content == home.ca.read_bytes()
    openssl = shutil.which("openssl")
    assert openssl
    command = [openssl, "x509", "-in", str(home.ca), "-noout", "-fingerprint", "-sha256"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip().rpartition("=")[2] == home.fingerprint


@pytest.mark.parametrize("on_this_machine", [False, True])
def test_the_page_logs_in_at_both_addresses_with_a_secure_cookie(home: Home, *, on_this_machine: bool) -> None:
    base = home.base_url if on_this_machine else home.url
    body = {"email": f"anna{on_this_machine}@example.org", "password": "correct horse battery"}
    headers = {"Origin": base, "Sec-Fetch-Site": "same-origin"}
    answer = requests.post(f"{base}/api/account/signup", json=body, headers=headers, verify=str(home.ca), timeout=60)
    assert answer.status_code == 201
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_another_page_of_this_machine_is_still_foreign(home: Home) -> None:
    body = {"email": "bert@example.org", "password": "correct horse battery"}
    port = int(home.base_url.rpartition(":")[2])
    for origin in (f"http://127.0.0.1:{port + 1}", f"http://{ELSEWHERE}:{home.https_port}", "https://evil.example"):
        answer = requests.post(
            f"{home.url}/api/account/signup", json=body, headers={"Origin": origin}, verify=str(home.ca), timeout=60
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")


def test_browsers_are_not_told_to_use_https_for_all_of_this_machine(home: Home) -> None:
    assert "Strict-Transport-Security" not in home.get("/").headers
    assert "Strict-Transport-Security" not in home.get("/api/health").headers


def test_pairing_links_lead_to_the_https_address(home: Home) -> None:
    claim = requests.post(
        f"{home.url}/api/device/claim", json={"deviceId": "GW-links"}, verify=str(home.ca), timeout=60
    )
    assert claim.json()["verificationUri"].startswith(home.announced)


def test_the_live_link_pushes_over_tls(home: Home) -> None:
    ticket = home.household.call("POST", "/live/ticket", {})["ticket"]
    context = ssl.create_default_context(cafile=home.ca)
    with connect(f"wss://{ELSEWHERE}:{home.https_port}/live?ticket={ticket}", ssl=context) as live:
        key = home.household.call("POST", "/device/register", {"deviceId": "GW-live"})["apiKey"]
        sent = requests.post(
            f"{home.url}/api/device/data",
            json={"sensors": {"temperature": 21}},
            headers={"Authorization": f"Device {key}"},
            verify=str(home.ca),
            timeout=60,
        )
        assert sent.ok
        types = iter(lambda: json.loads(live.recv(60))["type"], None)
        assert any(kind == "sensor_data" for kind in types)


def mosquitto(home: Home, ca: Path, host: str, key: str) -> subprocess.CompletedProcess[str]:
    path = shutil.which("mosquitto_pub")
    if path is None:
        pytest.skip("mosquitto_pub is not installed: Debian's client is not tried")
    place = ["-h", host, "-p", str(home.mqtts_port), "--cafile", str(ca), "-q", "1"]
    message = ["-t", "iot/devices/GW-mosquitto/data", "-u", "GW-mosquitto", "-P", key, "-m", '{"temperature": 23.5}']
    return subprocess.run([path, *place, *message], capture_output=True, text=True, timeout=60, check=False)


def test_mosquitto_publishes_over_tls_and_trusts_no_other_ca(home: Home, foreign_ca: Path) -> None:
    key = home.household.call("POST", "/device/register", {"deviceId": "GW-mosquitto"})["apiKey"]
    assert mosquitto(home, foreign_ca, ELSEWHERE, key).returncode != 0
    assert mosquitto(home, home.ca, "127.0.0.3", key).returncode != 0

    def shown() -> object:
        listed = {each["device_id"]: each for each in home.household.call("GET", "/devices")}
        return listed["GW-mosquitto"].get("temperature")

    assert shown() is None
    said = mosquitto(home, home.ca, ELSEWHERE, key)
    assert said.returncode == 0, said.stderr
    eventually(lambda: shown() == 23.5, "it is stored")


def test_paho_signs_in_over_tls_and_a_bad_key_is_answered(home: Home) -> None:
    key = home.household.call("POST", "/device/register", {"deviceId": "GW-paho"})["apiKey"]
    for password, is_in in ((key, True), ("gwk.GW-paho.bad", False)):
        client = MqttClient(home.mqtts_port, client_id="GW-paho")
        client.client.tls_set(str(home.ca))
        assert client.sign_in("GW-paho", password) is is_in
        assert client.answer is not None, "it is answered, not only hung up on"
        client.close()


def run_agent(home: Home, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    place = ["--api", f"{home.url}/api", "--data", str(folder), "--port", "0", "--tell", "json"]
    command = [sys.executable, "-m", "ghostwatt_pi", *arguments, *place]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("transport", ["http", "mqtt"])
def test_the_agent_trusts_the_ca_once_and_then_pairs_sends_and_is_switched(
    home: Home, tmp_path: Path, transport: str
) -> None:
    folder = tmp_path / "pi"
    trusted = run_agent(home, folder, "trust", "--fingerprint", home.fingerprint)
    out, said = trusted.communicate(timeout=60)
    assert trusted.returncode == 0, said
    assert "is trusted" in out
    by = ["--transport", transport, "--mqtt-host", ELSEWHERE, "--mqtt-port", str(home.mqtts_port)]
    agent = run_agent(home, folder, "simulate", "--profile", "router", "--interval", "0.2", *by)
    try:
        events = events_of(agent)
        code = next(event for event in events if event["event"] == "claim")["userCode"]
        home.household.call("POST", "/device/claim/approve", {"userCode": code})
        device_id = next(event for event in events if event["event"] == "paired")["deviceId"]
        port = {"deviceId": device_id, "name": "Heater", "policy": "observe"}
        port_id = home.household.call("POST", "/port", port)["portId"]
        started = next(event for event in events if event["event"] == "started")
        assert started["api"].startswith("https" if transport == "http" else "mqtts")
        next(event for event in events if event["event"] == "uploaded")
        eventually(lambda: home.household.stored(port_id), "readings are stored")
        home.household.call("POST", f"/port/{port_id}/switch", {"state": "off"})
        assert next(event for event in events if event["event"] == "relay")["state"] == "off"
    finally:
        agent.terminate()
        agent.communicate(timeout=60)


def test_the_agent_refuses_a_ca_with_another_fingerprint(home: Home, tmp_path: Path) -> None:
    process = run_agent(home, tmp_path / "pi", "trust", "--fingerprint", "AB" * 32)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"has another CA, with the fingerprint {home.fingerprint}" in said
    assert not (tmp_path / "pi/ca.pem").exists()


def test_the_agent_says_what_is_wrong_with_a_server_it_does_not_trust(
    home: Home, tmp_path: Path, foreign_ca: Path
) -> None:
    for ca in ([], ["--ca-file", str(foreign_ca)]):
        process = run_agent(home, tmp_path / "pi", "doctor", *ca)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 4
        assert "has no valid certificate" in out
        assert "ghostwatt-pi trust" in out


def test_with_tls_a_public_url_by_http_is_refused(tmp_path: Path) -> None:
    settings = {"TLS": "1", "HTTPS_PORT": "0", "MQTTS_PORT": "0", "PUBLIC_URL": "http://pc.local"}
    with pytest.raises(RuntimeError, match="PUBLIC_URL begins with http://"):
        running_stack(tmp_path / "stack", environment=settings).__enter__()
