"""Send a Pi's temperature and load every ten seconds. Usage: GHOSTWATT_KEY=... python pi_sender.py --env local|cloud"""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import requests

APIS = {"local": "http://localhost:8000/api", "cloud": "https://ghostwatt.example/api"}
THERMOMETER = Path("/sys/class/thermal/thermal_zone0/temp")
SECONDS = 10


def measure():
    """Return the sensors by their names; any names will do."""
    sensors = {"load": os.getloadavg()[0]}
    if THERMOMETER.exists():
        sensors["temperature"] = int(THERMOMETER.read_text()) / 1000
    return sensors


def main():
    """Send until Ctrl-C. What could not be sent is sent again: a repetition changes nothing on the server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--env", choices=APIS, default="local")
    api = APIS[parser.parse_args().env]
    headers = {"Authorization": f"Device {os.environ['GHOSTWATT_KEY']}"}
    waiting = []
    while True:
        waiting.append({"sensors": measure(), "timestamp": datetime.now(UTC).isoformat()})
        try:
            while waiting:
                requests.post(f"{api}/device/data", json=waiting[0], headers=headers, timeout=10).raise_for_status()
                print("sent", waiting.pop(0), flush=True)
        except requests.RequestException as error:
            print(f"{len(waiting)} waiting: {error}", flush=True)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()
