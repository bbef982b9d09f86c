"""Routes of ports: settings, relay, history."""

from __future__ import annotations

from dataclasses import replace

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.accounts.service import get_account
from chalicelib.core import views
from chalicelib.core.http import route
from chalicelib.core.query import PageQuery
from chalicelib.core.responses import Reply
from chalicelib.core.schemas import Done
from chalicelib.detection.port_state import PortState
from chalicelib.detection.store import load_port_state
from chalicelib.energy import usage_history
from chalicelib.ports import schemas as wire
from chalicelib.ports import service as ports
from chalicelib.ports.model import Port
from chalicelib.readings import history_query as asking
from chalicelib.readings import history_schemas as wire_history
from chalicelib.readings.history import RawPage, RecordedPort, get_recorded_port, load_raw_readings

blueprint = Blueprint(__name__)


def _answer(port: Port, state: PortState) -> wire.PortAnswer:
    shown = views.port(port, state, ports.heard_ms([port]).get(port.device_id))
    return wire.PortAnswer(**{field: getattr(shown, field) for field in wire.PortPart.__struct_fields__})


@route(blueprint, "POST", "/port", body=wire.CreatePort, answers=wire.PortAnswer, status=201, who=SESSION)
def create_port(call: SessionCall[wire.CreatePort]) -> wire.PortAnswer:
    """Add an outlet

    Adds an outlet to one of your devices.
    """
    body = call.body
    wanted = ports.chosen(body.name, body.kind, body.threshold_watts, body.dwell_seconds, body.policy, body.never_cut)
    return _answer(ports.create(call.owner_id, body.device_id, wanted, body.channel), PortState())


@route(blueprint, "GET", "/port/list", query=PageQuery, answers=wire.PortList, who=SESSION, scope="read")
def list_ports(call: SessionCall[None], query: PageQuery) -> wire.PortList:
    """List outlets

    Answers your outlets with their newest readings.
    """
    found, cursor = ports.of_owner(call.owner_id, query.limit, query.cursor)
    heard_ms = ports.heard_ms(port for port, _ in found)
    shown = [views.port(port, state, heard_ms.get(port.device_id)) for port, state in found]
    return wire.PortList(ports=shown, cursor=cursor)


@route(blueprint, "GET", "/port/{port_id}", answers=wire.PortAnswer, who=SESSION, scope="read")
def get_port(call: SessionCall[None], port_id: str) -> wire.PortAnswer:
    """Get an outlet

    Answers one of your outlets.
    """
    port = ports.own(call.owner_id, port_id)
    return _answer(port, load_port_state(port))


@route(blueprint, "PATCH", "/port/{port_id}", body=wire.ChangePort, answers=wire.PortAnswer, who=SESSION)
def change_port(call: SessionCall[wire.ChangePort], port_id: str) -> wire.PortAnswer:
    """Update an outlet

    Changes an outlet's settings. Setting neverCut, or leaving the policy cut, undoes a cut.
    """
    given = call.body.given()
    port = ports.change(call.owner_id, port_id, lambda port: replace(port, **given), call.now_ms)
    return _answer(port, load_port_state(port))


@route(blueprint, "DELETE", "/port/{port_id}", answers=Done, who=SESSION)
def delete_port(call: SessionCall[None], port_id: str) -> Done:
    """Delete an outlet

    Ends its open phantom event, if there is one.
    """
    ports.delete(call.owner_id, port_id, call.now_ms)
    return Done(message="deleted")


@route(
    blueprint,
    "POST",
    "/port/{port_id}/switch",
    body=wire.SwitchPort,
    answers=wire.SwitchAnswer,
    who=SESSION,
    scope="control",
)
def switch_port(call: SessionCall[wire.SwitchPort], port_id: str) -> wire.SwitchAnswer:
    """Switch an outlet

    Switches an outlet on or off. Switching it on undoes the detector's cut.
    """
    port = ports.switch(call.owner_id, port_id, call.body.state, call.now_ms)
    return wire.SwitchAnswer(port_id=port_id, version=port.relay.version, relay=views.relay(port.relay))


@route(
    blueprint,
    "GET",
    "/port/{port_id}/history",
    query=asking.HistoryQuery,
    answers=(wire_history.PortHistory, wire_history.PortUsage, wire_history.PortColumns),
    who=SESSION,
    scope="read",
)
def port_history(call: SessionCall[None], port_id: str, query: asking.HistoryQuery) -> Reply:
    """Get the history of an outlet

    Answers its readings, or what it used in every five minutes, hour or day; oldest first.
    """
    asked = asking.asked(query)
    of = get_recorded_port(call.owner_id, port_id, call.now_ms)
    page = _raw(of, asked, call.now_ms)
    return _usages(call, of, asked) if page is None else asking.raw_reply(port_id, asked, page)


def _raw(of: RecordedPort, asked: asking.Asked, now_ms: int) -> RawPage | None:
    """Raw readings if they are asked for, or if they fit and nothing else is."""
    if asked.resolution is None:
        return usage_history.load_raw_readings_if_few(of, asked.first_ms, asked.last_ms, asked.points, now_ms)
    if asked.resolution == "raw":
        return load_raw_readings(of, asked.first_ms, asked.last_ms, asked.limit)
    return None


def _usages(call: SessionCall[None], of: RecordedPort, asked: asking.Asked) -> Reply:
    first_ms, last_ms, now_ms = asked.first_ms, asked.last_ms, call.now_ms
    resolution = asked.usage_resolution or usage_history.resolution_for(of, first_ms, last_ms, asked.points, now_ms)
    timezone = "UTC" if resolution == "5m" else get_account(call.session).timezone
    page = usage_history.load_usages(of, resolution, timezone, first_ms, last_ms, asked.limit, now_ms)
    return asking.usage_reply(of.port.port_id, resolution, asked, page)
