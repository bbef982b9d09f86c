"""Jobs that a request starts and does not wait for: make an export, mail a link of an account."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.accounts.mail_links import send_requested_link
from chalicelib.core import clock, telemetry
from chalicelib.exports.service import make_export

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="export_job")
def export_job(event: dict[str, Any], context: object) -> bool:
    """Make the named export, unless that was done before. Returns whether there was anything to do."""
    with telemetry.invocation(telemetry.request_id(context)):
        return make_export(event["ownerId"], event["number"], clock.now_ms())


@blueprint.lambda_function(name="account_mail")
def account_mail(event: dict[str, Any], context: object) -> bool:
    """Mail the requested link. Returns whether it was mailed: there is such an account, and it needs one."""
    with telemetry.invocation(telemetry.request_id(context)):
        return send_requested_link(event["purpose"], event["email"], clock.now_ms())
