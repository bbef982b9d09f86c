"""Putting the stack together: what starts in which order, and ends in the reverse one."""

from __future__ import annotations

import asyncio
import importlib
import logging
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.routing import BaseRoute

from infra.local import aws, checkpoints, environment, retention, tables, template
from infra.local.broker import Broker
from infra.local.bucket import Bucket
from infra.local.connections import Connections
from infra.local.data_directory import signing_secret, temporary
from infra.local.database import LOOPBACK, Database, server_binary
from infra.local.errors import StackError
from infra.local.expiry import Expiry
from infra.local.gateway import Gateway
from infra.local.gateway_answers import GatewayAnswers
from infra.local.invocations import Invocations
from infra.local.live import Live, LiveHandlers
from infra.local.maintenance import Maintenance
from infra.local.mqtt_limits import ConnectionLimits
from infra.local.mqtt_service import broker_service
from infra.local.pages import Pages, page_headers
from infra.local.pump import Handler, Pump
from infra.local.schedule import Schedule
from infra.local.server import ByPort, Server, listen, management_app, public_app
from infra.local.streams import TableStream
from infra.local.topic_rule import TopicRule
from infra.local.worker import Worker

PAGE_DIRECTORY = template.ROOT / "web"
STREAMED_TABLE = f"ghostwatt-{environment.STAGE}-readings"
DEAD_LETTERS = "dead-letters.jsonl"
WORKER_STOP_SECONDS = 10.0
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - only compared with; a person chooses it on the command line
OUTSIDE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): asking how it would be reached sends nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stack listens (mqtt_port 0: a free one), keeps its data, and how often its schedule runs."""

    host: str
    port: int
    directory: Path
    sweep_seconds: float
    mqtt_port: int = 0
    mqtt_limits: ConnectionLimits = field(default_factory=ConnectionLimits)


def serve(place: Place, on_ready: Callable[[str, str], None]) -> None:
    """Run the stack until a signal ends it; on_ready gets its URL and its broker's. Raises StackError."""
    public, management = listen(place.host, place.port), listen(LOOPBACK, 0)
    mqtt = listen(place.host, place.mqtt_port)
    url = f"http://{_url_host(place.host)}:{public.port}"
    prefix = secrets.token_urlsafe()
    services_url = f"http://{LOOPBACK}:{management.port}/{prefix}"
    tempfile.tempdir = str(temporary(place.directory))
    with _database(place.directory) as database:
        environment.put_in_place(
            environment.app_environment(
                public_url=url,
                database_url=database.url,
                live_endpoint=services_url,
                iot_endpoint=services_url,
                jwt_secret=signing_secret(place.directory),
                mail_directory=str(place.directory / "mail"),
                services_url=services_url,
            )
        )
        app = _app()
        _log_with_the_rest(app.app.log)
        definitions = template.load({"Stage": environment.STAGE, "WebOrigin": url})
        database.wait_until_ready()
        tables.ensure(aws.client("dynamodb", database.url), definitions)
        connections, bucket = Connections(), Bucket(place.directory / "exports")
        everyone = _public(app, definitions, connections, bucket)
        mqtt_url = f"mqtt://{_url_host(place.host)}:{mqtt.port}"
        with (
            _pump(place.directory, database.url),
            _schedule(place.sweep_seconds),
            _maintenance(place, database, bucket),
            _exports() as services,
            _broker(place, mqtt.socket) as broker,
        ):
            calls = [bucket.service(), *services, broker_service(broker)]
            inside = management_app(connections, broker.publish, prefix, calls)
            asgi = ByPort(management.port, inside, everyone)
            server = Server(asgi, lambda: on_ready(url, mqtt_url))
            asyncio.run(server.serve([public.socket, management.socket]))


def _app() -> Any:
    """The app, which reads the environment when it is imported. Raises StackError for a setting that cannot be read."""
    try:
        return importlib.import_module("app")
    except ValueError as error:
        raise StackError(str(error)) from error


def _public(app: Any, definitions: template.Template, connections: Connections, bucket: Bucket) -> Any:
    handlers = LiveHandlers(app.live_connect, app.live_message, app.live_disconnect)
    return public_app(
        Gateway(app.app, GatewayAnswers(definitions)),
        Live(handlers, connections),
        Pages(PAGE_DIRECTORY, page_headers(definitions)),
        bucket.links(),
    )


@contextmanager
def _database(directory: Path) -> Iterator[Database]:
    database = Database(directory, server_binary(), lambda: _delivered(directory))
    try:
        database.start()
        yield database
    finally:
        database.stop()


def _delivered(directory: Path) -> dict[str, int]:
    return checkpoints.delivered(directory, [STREAMED_TABLE])


@contextmanager
def _pump(directory: Path, database_url: str) -> Iterator[None]:
    source = TableStream(aws.client("dynamodbstreams", database_url), STREAMED_TABLE)
    checkpoint = checkpoints.FileCheckpoint(checkpoints.checkpoint_path(directory, STREAMED_TABLE), source.id)
    dead_letters = checkpoints.DeadLetterFile(directory / DEAD_LETTERS)
    handler: Handler = importlib.import_module("chalicelib.events.stream").examine
    pump = Pump(source, handler, checkpoint, dead_letters)
    with _working(Worker("pump", pump.run), pump.stop):
        yield


@contextmanager
def _schedule(period_seconds: float) -> Iterator[None]:
    schedule = Schedule(importlib.import_module("chalicelib.events.schedule").sweep, period_seconds)
    with _working(Worker("schedule", schedule.run), schedule.stop):
        yield


@contextmanager
def _maintenance(place: Place, database: Database, bucket: Bucket) -> Iterator[None]:
    """What AWS does by itself, with each tick of the schedule: what is past its time ends."""
    client, directory = aws.client("dynamodb", database.url), place.directory
    expiry = Expiry(client, database.path, lambda: _delivered(directory))
    letters = checkpoints.DeadLetterFile(directory / DEAD_LETTERS)
    steps: dict[str, Callable[[], object]] = {
        "expired items": expiry.run,
        "exports": bucket.expire,
        "mail": lambda: retention.expire_mail(directory / "mail", client, time.time()),
        "dead letters": lambda: retention.expire_dead_letters(letters, client, time.time()),
    }
    bucket.expire()
    maintenance = Maintenance(steps)
    # A thread of its own: no delivery waits for it.
    ticking = Schedule(lambda *_: maintenance.run(), place.sweep_seconds)
    with _working(Worker("maintenance", ticking.run), ticking.stop):
        yield


@contextmanager
def _exports() -> Iterator[Sequence[BaseRoute]]:
    """The job of exports; gives the service that the app calls for it."""
    invocations = Invocations({"export_job": importlib.import_module("chalicelib.events.exports").export_job})
    with _working(Worker("exports", invocations.run), invocations.stop):
        yield [invocations.service()]


@contextmanager
def _broker(place: Place, listening: socket.socket) -> Iterator[Broker]:
    """The MQTT broker and its topic rule."""
    handlers = importlib.import_module("chalicelib.events.mqtt")
    rule = TopicRule(handlers.mqtt_data, checkpoints.DeadLetterFile(place.directory / DEAD_LETTERS))
    broker = Broker(listening, handlers.mqtt_authorize, rule.take, place.mqtt_limits)
    with _working(Worker("topic rule", rule.run), rule.stop), _working(Worker("broker", broker.run), broker.stop):
        yield broker


@contextmanager
def _working(worker: Worker, stop: Callable[[], None]) -> Iterator[None]:
    with ExitStack() as ending:
        ending.callback(worker.join, WORKER_STOP_SECONDS)
        ending.callback(stop)
        worker.start()
        yield


def _log_with_the_rest(log: logging.Logger) -> None:
    """Undo Chalice's own set-up of the app's logger, which hides all below ERROR and writes to standard output."""
    log.handlers.clear()
    log.propagate = True
    log.setLevel(logging.NOTSET)


def _url_host(host: str) -> str:
    """The name in our own URL: for "all addresses" the one by which other machines reach this one."""
    if host in ANY_ADDRESS:
        host = _own_address()
    return f"[{host}]" if ":" in host else host


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(OUTSIDE)
        except OSError:  # no network at all
            return LOOPBACK
        return str(probe.getsockname()[0])
