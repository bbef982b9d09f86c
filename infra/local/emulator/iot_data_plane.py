"""AWS IoT's data plane, where the app calls it: publish to a topic, end a connection."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.emulator.mqtt_broker import Broker


def iot_data_plane(broker: Broker) -> list[Route]:
    """Make the routes of Publish and DeleteConnection.

    AWS ends the connection of a client id. Here client ids are each device's own, and the broker keeps all connections
    that are still allowed: it asks the authorizer again for those of this client id, and of the device of this name.
    """

    async def publish(request: Request) -> Response:
        broker.publish(request.path_params["topic"], await request.body())
        return JSONResponse({"message": "OK"})

    def delete_connection(request: Request) -> Response:
        broker.reauthorize(request.path_params["client_id"])
        return JSONResponse({})

    return [
        Route("/topics/{topic:path}", publish, methods=["POST"]),
        Route("/connections/{client_id:path}", delete_connection, methods=["DELETE"]),
    ]
