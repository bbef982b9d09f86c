"""Route of the ticket that opens the live WebSocket."""

from __future__ import annotations

from chalice.app import Blueprint

from chalicelib.accounts.authentication import SESSION, SessionCall
from chalicelib.core.http import route
from chalicelib.realtime import tickets
from chalicelib.realtime.schemas import TicketAnswer

blueprint = Blueprint(__name__)


@route(blueprint, "POST", "/live/ticket", answers=TicketAnswer, who=SESSION, scope="control")
def issue_live_ticket(call: SessionCall[None]) -> TicketAnswer:
    """Create a ticket for the live WebSocket

    The ticket opens one connection.
    """
    ticket, url = tickets.issue_ticket(call.session, call.now_ms)
    return TicketAnswer(ticket=ticket, url=url, expires_in=tickets.TICKET_TTL_SECONDS)
