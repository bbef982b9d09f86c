"""Wiring only: the Chalice app, its blueprints, and the WebSocket handlers (Chalice cannot package those from one)."""

from __future__ import annotations

from botocore.session import get_session
from chalice.app import Chalice, CORSConfig, Response, WebsocketEvent

from chalicelib.accounts import routes as accounts
from chalicelib.core import clock
from chalicelib.core import routes as meta
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.settings import settings
from chalicelib.detection import routes as detector
from chalicelib.devices import pairing_routes as claims
from chalicelib.devices import routes as devices
from chalicelib.energy import routes as energy
from chalicelib.entrypoints import account_mail_job as account_mail
from chalicelib.entrypoints import export_job as export_jobs
from chalicelib.entrypoints import mqtt, schedule, stream
from chalicelib.exports import routes as exports
from chalicelib.notifications import routes as events
from chalicelib.ports import routes as ports
from chalicelib.readings import routes as readings
from chalicelib.realtime import routes as realtime
from chalicelib.realtime.tickets import forget_dashboard, open_dashboard

app = Chalice(app_name="ghostwatt", configure_logs=False)
app.experimental_feature_flags.update(["BLUEPRINTS", "WEBSOCKETS"])
app.websocket_api.session = get_session()
app.api.cors = CORSConfig(
    allow_origin=settings().web_origin,
    allow_headers=["Content-Type", "Authorization", "X-Session-Token"],
    allow_credentials=True,
)
routes = (accounts, claims, detector, devices, energy, events, exports, meta, ports, readings, realtime)
for module in (*routes, account_mail, export_jobs, mqtt, schedule, stream):
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
