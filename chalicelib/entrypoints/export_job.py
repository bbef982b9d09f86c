"""The job of an export: decode, make it."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.core import clock, telemetry
from chalicelib.exports.service import make_export

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="export_job")
def export_job(event: dict[str, Any], context: object) -> bool:
    """Make the export that is named, unless that was done before; whether there was anything to do."""
    with telemetry.invocation(telemetry.request_id(context)):
        return make_export(event["ownerId"], event["number"], clock.now_ms())
