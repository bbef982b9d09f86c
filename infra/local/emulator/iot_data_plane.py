"""DeleteConnection of AWS IoT's data plane, where the app calls it.

AWS ends the connection of a client id. Here client ids are each device's own, and the broker keeps all connections that
are still good: it asks the authorizer again for those of this client id, and of the device of this name.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.emulator.mqtt_broker import Broker


def broker_service(broker: Broker) -> Route:
    """The route."""

    def delete_connection(request: Request) -> Response:
        broker.reauthorize(request.path_params["client_id"])
        return JSONResponse({})

    return Route("/connections/{client_id:path}", delete_connection, methods=["DELETE"])
