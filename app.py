"""Wiring only: the Chalice app, its blueprints, and the WebSocket handlers (Chalice cannot package those from one)."""

from __future__ import annotations

from botocore.session import get_session
from chalice.app import Chalice, CORSConfig, Response, WebsocketEvent

import chalicelib.accounts.routes
import chalicelib.core.routes
import chalicelib.detection.routes
import chalicelib.devices.routes
import chalicelib.energy.routes
import chalicelib.entrypoints.jobs
import chalicelib.entrypoints.mqtt
import chalicelib.entrypoints.schedule
import chalicelib.entrypoints.stream
import chalicelib.exports.routes
import chalicelib.notifications.routes
import chalicelib.ports.routes
import chalicelib.readings.routes
import chalicelib.realtime.routes
from chalicelib.core import clock
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.settings import settings
from chalicelib.realtime.tickets import forget_dashboard, open_dashboard

app = Chalice(app_name="ghostwatt", configure_logs=False)
app.experimental_feature_flags.update(["BLUEPRINTS", "WEBSOCKETS"])
app.websocket_api.session = get_session()
app.api.cors = CORSConfig(
    allow_origin=settings().web_origin,
    allow_headers=["Content-Type", "Authorization", "X-Session-Token"],
    allow_credentials=True,
)
for module in (
    chalicelib.accounts.routes,
    chalicelib.core.routes,
    chalicelib.detection.routes,
    chalicelib.devices.routes,
    chalicelib.energy.routes,
    chalicelib.exports.routes,
    chalicelib.notifications.routes,
    chalicelib.ports.routes,
    chalicelib.readings.routes,
    chalicelib.realtime.routes,
    chalicelib.entrypoints.jobs,
    chalicelib.entrypoints.mqtt,
    chalicelib.entrypoints.schedule,
    chalicelib.entrypoints.stream,
):
    app.register_blueprint(module.blueprint)


@app.on_ws_connect(name="live_connect")
def live_connect(event: WebsocketEvent) -> Response:
    """Open a dashboard with a one-time ticket."""
    query = event.to_dict().get("queryStringParameters") or {}
    try:
        open_dashboard(event.connection_id, query.get("ticket", ""), clock.now_ms())
    except Unauthenticated as error:
        return Response(error.message, status_code=401)
    return Response("welcome", status_code=200)


@app.on_ws_message(name="live_message")
def live_message(event: WebsocketEvent) -> Response:
    """Pages only listen; whatever they say (a ping of theirs) is taken and ignored."""
    return Response("ok", status_code=200)


@app.on_ws_disconnect(name="live_disconnect")
def live_disconnect(event: WebsocketEvent) -> Response:
    """A dashboard was closed."""
    forget_dashboard(event.connection_id)
    return Response("bye", status_code=200)
