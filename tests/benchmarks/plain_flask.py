"""python -m tests.benchmarks.plain_flask FOLDER: a plain Flask and SQLite server, to measure ours beside.

It keeps the contract of one reading: the device's key is checked, the outlet must be the device's, the first reading
of an outlet and time stays, and an answer of 200 means that it is on the disk. It judges nothing and rolls up nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE devices (device_id TEXT PRIMARY KEY, key_sha256 TEXT NOT NULL, last_seen_ms INTEGER);
CREATE TABLE ports (port_id TEXT PRIMARY KEY, device_id TEXT NOT NULL REFERENCES devices);
CREATE TABLE readings (port_id TEXT, at_ms INTEGER, voltage REAL, current REAL, power REAL,
                       PRIMARY KEY (port_id, at_ms)) WITHOUT ROWID;
"""
INSERT = "INSERT OR IGNORE INTO readings VALUES (?, ?, ?, ?, ?)"
SEEN = "UPDATE devices SET last_seen_ms = ? WHERE device_id = ?"
KEY = "SELECT device_id, key_sha256 FROM devices JOIN ports USING (device_id) WHERE port_id = ?"
DEVICES, PORTS = 4, 4


def app_of(path: Path) -> Flask:
    """The server, with a few devices of four outlets; the key of gw-1 is key-gw-1, its first outlet gw-1-1."""
    app, local = Flask(__name__), threading.local()
    with sqlite3.connect(path) as database:
        database.executescript(TABLES)
        for device in (f"gw-{number}" for number in range(1, DEVICES + 1)):
            digest = hashlib.sha256(f"key-{device}".encode()).hexdigest()
            database.execute("INSERT INTO devices VALUES (?, ?, NULL)", (device, digest))
            ports = ((f"{device}-{number}", device) for number in range(1, PORTS + 1))
            database.executemany("INSERT INTO ports VALUES (?, ?)", ports)

    @app.post("/api/sensor/reading")
    def record_reading() -> tuple[dict[str, Any], int]:
        if not hasattr(local, "database"):
            local.database = sqlite3.connect(path)
        said = request.get_json()
        found = local.database.execute(KEY, (said["portId"],)).fetchone()
        digest = hashlib.sha256(str(said["deviceToken"]).encode()).hexdigest()
        if found is None or not hmac.compare_digest(found[1], digest):
            return {"success": False, "error": "This device key is not valid.", "code": "bad_device_key"}, 401
        figures = [float(said[name]) for name in ("voltage", "current", "power")]
        with local.database:
            local.database.execute(INSERT, (said["portId"], int(said["timestamp"]), *figures))
            local.database.execute(SEEN, (int(said["timestamp"]), found[0]))
        return {"success": True, "message": "Reading stored", "data": {"reading": said["timestamp"]}}, 200

    return app


def main() -> None:
    """Serve on a free port, and say where."""
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # clients keep their connections, as ours do
    WSGIRequestHandler.log = lambda *_, **__: None  # type: ignore[method-assign]
    server = make_server("127.0.0.1", 0, app_of(Path(sys.argv[1]) / "plain.sqlite"), threaded=True)
    sys.stdout.write(f"ready http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
