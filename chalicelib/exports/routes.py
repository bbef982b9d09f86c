"""Routes of exports."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.core.http import route
from chalicelib.exports import schemas, service
from chalicelib.exports.model import Export

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/export", body=schemas.AskExport, answers=schemas.ExportAnswer, status=202, who=SESSION)
def ask_export(call: SessionCall[schemas.AskExport]) -> schemas.ExportAnswer:
    """Start an export

    Starts a zip of all that is stored about you. While one is being made, that one is answered.
    """
    first_ms, last_ms = schemas.span_ms(call.body)
    return _answer(service.request_export(call.session, first_ms, last_ms, call.body.formats, call.now_ms), call.now_ms)


@route(blueprint, "GET", "/export/{export_id}", answers=schemas.ExportAnswer, who=SESSION)
def get_export(call: SessionCall[None], export_id: str) -> schemas.ExportAnswer:
    """Get an export

    Answers how far it is. Once it is ready, the answer has a link that works for a quarter of an hour.
    """
    return _answer(service.get_owned_export(call.owner_id, export_id, call.now_ms), call.now_ms)


def _answer(export: Export, now_ms: int) -> schemas.ExportAnswer:
    link = service.export_link(export) if export.state(now_ms) == "ready" else None
    return schemas.export_answer(export, link, now_ms)
