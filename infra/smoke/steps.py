"""The steps of the smoke script, in order. A step's docstring is printed; it raises Failed, or says what it saw."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from infra.smoke import mqtt
from infra.smoke.client import PATIENCE_SECONDS, Failed, check, wait_for
from infra.smoke.visit import Visit

Step = Callable[[Visit], str]
READINGS = 60
SAMPLING_MS = 2_000
SLOWEST_HEARTBEAT_SECONDS = 60
"""As the contract says."""
CELSIUS = 23.5
WATT_MS_PER_KWH = 3.6e9
IN_USE_WATTS, STANDBY_WATTS, THRESHOLD_WATTS = 92.0, 4.6, 10.0


def healthy(visit: Visit) -> str:
    """All parts say that they are well"""
    answer = visit.client.call("GET", "/health")
    return f"version {answer['version']}: {', '.join(answer['parts'])}"


def page_is_there(visit: Visit) -> str:
    """The page is there"""
    answer = visit.client.send("GET", "/")
    kind = answer.headers.get("Content-Type", "")
    check(answer.ok and kind.startswith("text/html"), f"GET / answered {answer.status_code} {kind}.")
    check("Content-Security-Policy" in answer.headers, "The page has no Content-Security-Policy.")
    return f"{len(answer.content):,} bytes"


def sign_up(visit: Visit) -> str:
    """A person signs up"""
    visit.came = True
    visit.session_token = visit.client.call("POST", "/account/signup", visit.credentials, expect=201)["sessionToken"]
    return visit.email


def claim(visit: Visit) -> str:
    """A Pi asks for a code, the person approves it, the Pi gets its key"""
    started = visit.client.call("POST", "/device/claim", {"deviceId": visit.device_id})
    code = started["userCode"]
    seen = visit.person("GET", f"/device/claim/{code}")
    check(seen["deviceId"] == visit.device_id, f"The code leads to {seen['deviceId']}.")
    visit.person("POST", "/device/claim/approve", {"userCode": code, "deviceName": "Smoke"})
    polled = visit.client.call("POST", "/device/claim/token", {"deviceCode": started["deviceCode"]})
    visit.api_key = polled["apiKey"]
    return f"{visit.device_id}, code good for {started['expiresIn']} s"


def beat(visit: Visit) -> str:
    """The Pi's heartbeat is answered with pace and time"""
    reply = visit.device("POST", "/device/heartbeat", {"sentAtMs": now_ms()})
    check(
        reply["heartbeatSeconds"] <= SLOWEST_HEARTBEAT_SECONDS,
        f"A heartbeat is due only in {reply['heartbeatSeconds']} s.",
    )
    return f"upload every {reply['intervalSeconds']} s, its clock is {reply['serverTimeMs'] - now_ms()} ms from ours"


def add_outlet(visit: Visit) -> str:
    """The person adds an outlet that may be cut at once"""
    settings = {"policy": "cut", "dwellSeconds": 0, "thresholdWatts": THRESHOLD_WATTS}
    body = {"deviceId": visit.device_id, "name": "Smoke", **settings}
    visit.port_id = visit.person("POST", "/port", body, expect=201)["portId"]
    (relay,) = visit.device("POST", "/device/heartbeat")["relays"]
    check(relay["portId"] == visit.port_id, "The Pi is not told of the outlet.")
    return f"channel {relay['channel']}, {relay['desired']}"


def open_page(visit: Visit) -> str:
    """A page opens the live WebSocket with a ticket"""
    url = visit.person("POST", "/live/ticket")["url"]
    try:
        visit.page = connect(url, open_timeout=30)
    except (OSError, WebSocketException) as error:
        raise Failed(f"{url.partition('?')[0]} does not open ({type(error).__name__}).") from error
    return str(url.partition("?")[0])


def send_batch(visit: Visit) -> str:
    """The Pi sends a batch of an appliance in use"""
    first_ms = now_ms() - READINGS * SAMPLING_MS
    readings = [reading(visit.port_id, first_ms + index * SAMPLING_MS, IN_USE_WATTS) for index in range(READINGS)]
    visit.batch = {"batchId": secrets.token_hex(8), "readings": readings}
    return send(visit, "stored")


def send_again(visit: Visit) -> str:
    """The same batch again changes nothing"""
    return send(visit, "duplicate")


def fall_to_standby(visit: Visit) -> str:
    """It falls to standby: the stream finds that and cuts it"""
    visit.batch = {"batchId": secrets.token_hex(8), "readings": [reading(visit.port_id, now_ms(), STANDBY_WATTS)]}
    send(visit, "stored")
    path = f"/phantom-event/list?portId={visit.port_id}"
    (event,) = wait_for(lambda: visit.person("GET", path)["events"], "The stream finds the phantom")
    check(event["actionTaken"] == "auto_cut", f"The event says {event['actionTaken']}.")
    return str(event["reason"])


def hear_of_it(visit: Visit) -> str:
    """The open page heard of it"""
    heard: set[str] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not {"reading", "port", "notification"} <= heard:
        heard.add(next_push(visit, deadline - time.monotonic(), heard))
    return ", ".join(sorted(heard))


def obey(visit: Visit) -> str:
    """The Pi's next call brings the command, with its conditions; the Pi acknowledges"""
    (relay,) = visit.device("POST", "/device/heartbeat")["relays"]
    check(relay["desired"] == "off", "The Pi is not told to switch off.")
    check(relay.get("onlyBelowWatts") and relay.get("expiresAtMs"), "The cut comes without its conditions.")
    report = {"portId": visit.port_id, "state": "off", "version": relay["version"]}
    visit.device("POST", "/device/heartbeat", {"relays": [report]})
    shown = visit.person("GET", f"/port/{visit.port_id}")
    check((shown["status"], shown["relay"]["reported"]) == ("off", "off"), f"The outlet shows {shown['status']}.")
    return f"only below {relay['onlyBelowWatts']} W"


def undo(visit: Visit) -> str:
    """The person switches it on again"""
    version = visit.person("POST", f"/port/{visit.port_id}/switch", {"state": "on"})["version"]
    (relay,) = visit.device("POST", "/device/heartbeat")["relays"]
    check((relay["desired"], relay["version"]) == ("on", version), "The Pi is not told to switch on.")
    return f"version {version}"


def read_history(visit: Visit) -> str:
    """History holds each reading once"""
    answer = visit.person("GET", f"/port/{visit.port_id}/history?resolution=raw&layout=columns")
    watts = answer["columns"]["power"]
    check(len(watts) == READINGS + 1, f"{len(watts)} readings are shown, {READINGS + 1} were stored.")
    return f"{len(watts)} readings"


def read_energy(visit: Visit) -> str:
    """Energy is what the readings come to"""
    due_kwh = IN_USE_WATTS * (READINGS - 1) * SAMPLING_MS / WATT_MS_PER_KWH

    def total() -> Any:
        found = visit.person("GET", f"/port/{visit.port_id}/energy?period=day")["total"]
        return found if found["kwh"] >= due_kwh * 0.995 else None

    found = wait_for(total, f"The outlet's energy is {due_kwh:.6f} kWh")
    check(found["kwh"] <= due_kwh * 1.5, f"The energy is {found['kwh']:.6f} kWh, {due_kwh:.6f} and a little were due.")
    return f"{found['kwh']:.6f} kWh, {found['cost']:.4f} by the account's tariff"


def publish(visit: Visit) -> str:
    """The Pi signs in by MQTT and publishes; a wrong key is refused"""
    mqtt.publish(visit.mqtt_url, visit.device_id, visit.api_key, {"temperature": CELSIUS})
    wait_for(
        lambda: any(device.get("temperature") == CELSIUS for device in visit.person("GET", "/devices")),
        "What was published is shown",
    )
    check(mqtt.refuses(visit.mqtt_url, visit.device_id, f"{visit.api_key}x"), "A wrong key was let in.")
    return "shown in the list of devices"


def delete_account(visit: Visit) -> str:
    """The account is deleted; its session and key are dead at once"""
    visit.leave()
    visit.client.call("GET", "/account", who=f"Bearer {visit.session_token}", expect=401)
    visit.client.call("POST", "/device/heartbeat", who=f"Device {visit.api_key}", expect=401)
    return "the schedule purges its data within a day"


STEPS: tuple[Step, ...] = (
    healthy,
    page_is_there,
    sign_up,
    claim,
    beat,
    add_outlet,
    open_page,
    send_batch,
    send_again,
    fall_to_standby,
    hear_of_it,
    obey,
    undo,
    read_history,
    read_energy,
    publish,
    delete_account,
)


def send(visit: Visit, status: str) -> str:
    """Send the visit's batch, each reading of which has to be answered with this status."""
    answer = visit.device("POST", "/sensor/readings", {"sentAtMs": now_ms(), **visit.batch})
    statuses = {result["status"] for result in answer["results"]}
    check(statuses == {status}, f"The readings are {', '.join(sorted(statuses))}, {status} was due.")
    return f"{len(answer['results'])} {status}"


def next_push(visit: Visit, seconds: float, heard: set[str]) -> str:
    """The type of the next message to the open page."""
    if visit.page is None:
        raise Failed("No page is open.")
    try:
        return str(json.loads(visit.page.recv(timeout=max(seconds, 0)))["type"])
    except (TimeoutError, WebSocketException) as error:
        raise Failed(f"The page heard only of {', '.join(sorted(heard)) or 'nothing'}.") from error


def reading(port_id: str, at_ms: int, watts: float) -> dict[str, Any]:
    """A reading of a batch."""
    return {"portId": port_id, "timestampMs": at_ms, "voltage": 230.0, "current": round(watts / 230, 3), "power": watts}


def now_ms() -> int:
    """The time of now, epoch milliseconds."""
    return time.time_ns() // 1_000_000
