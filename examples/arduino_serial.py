"""Send what an Arduino measures. Usage: python arduino_serial.py DEVICE_TOKEN PORT_ID [/dev/ttyACM0]

The Arduino prints a line for each measurement: {"voltage": 230.1, "current": 0.4, "power": 92.0}
"""

import json
import sys

import requests
import serial

API = "http://localhost:8000/api"
BAUD = 115200


def main():
    """Send each line as a reading until Ctrl-C."""
    device_token, port_id = sys.argv[1:3]
    device = sys.argv[3] if len(sys.argv) > 3 else "/dev/ttyACM0"
    with serial.Serial(device, BAUD) as arduino:
        for line in arduino:
            try:
                measured = json.loads(line)
                values = {name: float(measured[name]) for name in ("voltage", "current", "power")}
            except (ValueError, KeyError, TypeError):
                print("skipped:", line, flush=True)  # half a line, as after a restart
                continue
            reading = {"deviceToken": device_token, "portId": port_id, **values}
            answer = requests.post(f"{API}/sensor/reading", json=reading, timeout=10)
            print(values["power"], "W:", answer.json(), flush=True)


if __name__ == "__main__":
    main()
