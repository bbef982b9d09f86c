"""Pass on the watts of plugs that report on change to Tasmota's or Zigbee2MQTT's broker, and say how long they held.

Usage: python mqtt_bridge.py DEVICE_ID KEY TOPIC=PORT_ID ..., such as tele/tv/SENSOR=PORT_ID zigbee2mqtt/lamp=PORT_ID
"""

import json
import sys
import time

import paho.mqtt.client as mqtt

HOME = ("localhost", 1883)  # the plugs' broker
CLOUD = ("localhost", 1884)  # make serve MQTT_PORT=1884
LONGEST_MS = 310_000  # a little more than the plugs' own 300 s: later one was away, and nothing is known

last = {}  # when each outlet reported last, and what


def watts_of(message):
    """Tasmota has ENERGY.Power, Zigbee2MQTT has power; None where a message has neither."""
    return message.get("ENERGY", {}).get("Power", message.get("power"))


def readings_of(port_id, watts, now_ms):
    """What to send when a plug reports: how long its old watts held, and the new ones."""
    reading = {"portId": port_id, "voltage": None, "current": None}
    before_ms, before = last.get(port_id, (0, watts))
    last[port_id] = now_ms, watts
    held_ms = now_ms - before_ms
    if not 1 < held_ms <= LONGEST_MS:
        return [reading | {"timestamp": now_ms, "power": watts}]
    if watts == before:
        return [reading | {"timestamp": now_ms, "power": watts, "heldMs": held_ms}]
    old = reading | {"timestamp": now_ms - 1, "power": before, "heldMs": held_ms - 1}
    return [old, reading | {"timestamp": now_ms, "power": watts}]


def client(name, address):
    made = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
    made.on_connect_fail = lambda *_: print("no broker at", address, flush=True)
    return made


def main():
    """Pass on until Ctrl-C."""
    device_id, key, *pairs = sys.argv[1:]
    ports = dict(pair.split("=") for pair in pairs)
    cloud, home = client(device_id, CLOUD), client("", HOME)

    def forward(_client, _data, message):
        watts = watts_of(json.loads(message.payload))
        if watts is None:
            return
        for reading in readings_of(ports[message.topic], watts, round(time.time() * 1000)):
            cloud.publish(f"iot/devices/{device_id}/data", json.dumps(reading), qos=1)
        print(f"{message.topic}: {watts} W", flush=True)

    cloud.username_pw_set(device_id, key)
    cloud.connect(*CLOUD)
    cloud.loop_start()
    home.on_connect = lambda *_: home.subscribe([(topic, 1) for topic in ports])
    home.on_subscribe = lambda *_: print("listening", flush=True)
    home.on_message = forward
    home.connect(*HOME)
    home.loop_forever()


if __name__ == "__main__":
    main()
