"""The job that mails a link of an account: decode, send it."""

from __future__ import annotations

from typing import Any

from chalice.app import Blueprint

from chalicelib.accounts.mail_link_service import send_requested_link
from chalicelib.core import clock, telemetry

blueprint = Blueprint(__name__)


@blueprint.lambda_function(name="account_mail")
def account_mail(event: dict[str, Any], context: object) -> bool:
    """Mail the link that was asked for; whether there is an account that it is for."""
    with telemetry.invocation(telemetry.request_id(context)):
        return send_requested_link(event["purpose"], event["email"], clock.now_ms())
