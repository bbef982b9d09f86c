"""A device of your own: it shows its id, takes its key from a page, and says every 30 s that it is there.

Usage: python device.py, then open http://localhost:5000 or device-pairing.html
"""

import threading
import time
import uuid
from pathlib import Path

import requests
from flask import Flask, jsonify, request

API = "http://localhost:8000/api"
PAGES = ["http://localhost:8000", "http://localhost:5173"]  # the pages that may ask for the id and hand over a key
ID_FILE, KEY_FILE = Path("device_id.txt"), Path("api_key.txt")
SECONDS = 30

app = Flask(__name__)


def device_id():
    """Return this device's id, which is made once."""
    if not ID_FILE.exists():
        ID_FILE.write_text(f"DEV-{uuid.uuid4().hex[:12]}")
    return ID_FILE.read_text()


@app.get("/")
def page():
    return f"<h1>{device_id()}</h1><p>{'registered' if KEY_FILE.exists() else 'not registered yet'}</p>"


@app.get("/device-id")
def show_id():
    return jsonify(success=True, deviceId=device_id(), registered=KEY_FILE.exists())


@app.post("/device-register")
@app.post("/save-api-key")
def save_key():
    if request.headers.get("Origin", PAGES[0]) not in PAGES:
        return jsonify(success=False, error="This page may not register the device.", code="bad_origin"), 403
    key = request.get_json()["apiKey"]
    KEY_FILE.touch(mode=0o600)
    KEY_FILE.write_text(key)
    return jsonify(success=True, deviceId=device_id(), registered=True)


@app.after_request
def allow_pages(response):
    """Let the pages read the answers, also Chrome's question before a call into a home network."""
    if request.headers.get("Origin") in PAGES:
        response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response


def heartbeat():
    """Say that the device is there, once it has its key."""
    while True:
        if KEY_FILE.exists():
            headers = {"Authorization": f"Device {KEY_FILE.read_text()}"}
            try:
                print("heartbeat:", requests.post(f"{API}/device/heartbeat", headers=headers, timeout=10).status_code)
            except requests.RequestException as error:
                print("heartbeat failed:", error)
        time.sleep(SECONDS if KEY_FILE.exists() else 1)


if __name__ == "__main__":
    threading.Thread(target=heartbeat, daemon=True).start()
    app.run(host="0.0.0.0", port=5000)
