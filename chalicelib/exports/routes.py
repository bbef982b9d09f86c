"""Routes of exports."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.core.http import Call, Who, route
from chalicelib.core.times import LATEST_MS, epoch_ms, iso
from chalicelib.exports import schemas as wire
from chalicelib.exports import service as exports
from chalicelib.exports.model import LINK_MS, Export

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/export", body=wire.AskExport, answers=wire.ExportAnswer, status=202, who=Who.SESSION)
def ask_export(call: Call[wire.AskExport]) -> wire.ExportAnswer:
    """Ask for all that is kept of you as a zip; while one is being made, that one is answered"""
    body = call.body
    first_ms = 0 if body.from_ is None else epoch_ms(body.from_, "from")
    last_ms = LATEST_MS if body.to is None else epoch_ms(body.to, "to")
    return _answer(exports.ask(call.session, first_ms, last_ms, body.formats, call.now_ms), call.now_ms)


@route(blueprint, "GET", "/export/{export_id}", answers=wire.ExportAnswer, who=Who.SESSION)
def get_export(call: Call[None], export_id: str) -> wire.ExportAnswer:
    """How far an export is; once it is ready, a link for a quarter of an hour"""
    return _answer(exports.own(call.owner_id, export_id, call.now_ms), call.now_ms)


def _answer(export: Export, now_ms: int) -> wire.ExportAnswer:
    state = export.state(now_ms)
    is_ready = state == "ready"
    return wire.ExportAnswer(
        export_id=export.export_id,
        state=state,
        created_at=iso(export.created_at_ms),
        from_=iso(export.first_ms) if export.first_ms else None,
        to=iso(export.last_ms),
        link=exports.link(export) if is_ready else None,
        link_expires_at=iso(now_ms + LINK_MS) if is_ready else None,
        bytes=export.bytes,
        error=export.error(now_ms),
    )
