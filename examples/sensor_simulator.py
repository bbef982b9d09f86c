"""Simulate a meter: a reading of an outlet every two seconds. Usage: python sensor_simulator.py DEVICE_TOKEN PORT_ID"""

import random
import sys
import time

import requests

API = "http://localhost:8000/api"
SECONDS = 2


def measure():
    """Return made-up volts, amps and watts of an appliance in use."""
    volts, amps = random.uniform(220, 240), random.uniform(0.3, 0.8)
    return {"voltage": volts, "current": amps, "power": volts * amps}


def main():
    """Send readings until Ctrl-C."""
    device_token, port_id = sys.argv[1:3]
    while True:
        reading = {"deviceToken": device_token, "portId": port_id, **measure()}
        answer = requests.post(f"{API}/sensor/reading", json=reading, timeout=10)
        answer.raise_for_status()
        print(f"{reading['power']:.1f} W:", answer.json()["data"]["portStatus"], flush=True)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()
