"""Routes of ports: settings, relay, history."""

from __future__ import annotations

from dataclasses import replace

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.core.http import route
from chalicelib.core.schemas import Done, PageQuery
from chalicelib.detection import port_control
from chalicelib.detection.port_state import PortState
from chalicelib.detection.store import load_port_state
from chalicelib.ports import schemas, service
from chalicelib.ports.model import Port

blueprint = Blueprint(__name__)


def _answer(port: Port, state: PortState) -> schemas.PortAnswer:
    return schemas.port_answer(port, state, port_control.load_heard_ms([port]).get(port.device_id))


@route(blueprint, "POST", "/port", body=schemas.CreatePort, answers=schemas.PortAnswer, status=201, who=SESSION)
def create_port(call: SessionCall[schemas.CreatePort]) -> schemas.PortAnswer:
    """Add an outlet

    Adds an outlet to one of your devices.
    """
    body = call.body
    wanted = service.new_port(
        body.name, body.kind, body.threshold_watts, body.dwell_seconds, body.policy, body.never_cut
    )
    return _answer(service.create_port(call.owner_id, body.device_id, wanted, body.channel), PortState())


@route(blueprint, "GET", "/port/list", query=PageQuery, answers=schemas.PortList, who=SESSION, scope="read")
def list_ports(call: SessionCall[None], query: PageQuery) -> schemas.PortList:
    """List outlets

    Answers your outlets with their newest readings.
    """
    found, cursor = port_control.list_ports(call.owner_id, query.limit, query.cursor)
    heard_ms = port_control.load_heard_ms(port for port, _ in found)
    shown = [schemas.port_part(port, state, heard_ms.get(port.device_id)) for port, state in found]
    return schemas.PortList(ports=shown, cursor=cursor)


@route(blueprint, "GET", "/port/{port_id}", answers=schemas.PortAnswer, who=SESSION, scope="read")
def get_port(call: SessionCall[None], port_id: str) -> schemas.PortAnswer:
    """Get an outlet

    Answers one of your outlets.
    """
    port = service.get_owned_port(call.owner_id, port_id)
    return _answer(port, load_port_state(port))


@route(blueprint, "PATCH", "/port/{port_id}", body=schemas.ChangePort, answers=schemas.PortAnswer, who=SESSION)
def change_port(call: SessionCall[schemas.ChangePort], port_id: str) -> schemas.PortAnswer:
    """Update an outlet

    Changes an outlet's settings. Setting neverCut, or leaving the policy cut, undoes a cut.
    """
    given = call.body.given()
    port = port_control.change_port(call.owner_id, port_id, lambda port: replace(port, **given), call.now_ms)
    return _answer(port, load_port_state(port))


@route(blueprint, "DELETE", "/port/{port_id}", answers=Done, who=SESSION)
def delete_port(call: SessionCall[None], port_id: str) -> Done:
    """Delete an outlet

    Ends its open phantom event, if there is one.
    """
    port_control.delete_port(call.owner_id, port_id, call.now_ms)
    return Done(message="deleted")


@route(
    blueprint,
    "POST",
    "/port/{port_id}/switch",
    body=schemas.SwitchPort,
    answers=schemas.SwitchAnswer,
    who=SESSION,
    scope="control",
)
def switch_port(call: SessionCall[schemas.SwitchPort], port_id: str) -> schemas.SwitchAnswer:
    """Switch an outlet

    Switches an outlet on or off. Switching it on undoes the detector's cut.
    """
    port = port_control.switch_port(call.owner_id, port_id, call.body.state, call.now_ms)
    return schemas.SwitchAnswer(port_id=port_id, version=port.relay.version, relay=schemas.relay_part(port.relay))
