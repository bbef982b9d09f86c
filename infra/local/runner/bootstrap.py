"""Start the parts of the stack in their order, and end them in the reverse order."""

from __future__ import annotations

import asyncio
import importlib
import logging
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from chalicelib.core import clock
from infra.local.database import tables
from infra.local.database.expiry import Expiry
from infra.local.database.file_retention import expire_dead_letters, expire_mail
from infra.local.database.server import LOOPBACK, Database, server_binary
from infra.local.emulator import checkpoints, template
from infra.local.emulator.bucket import Bucket
from infra.local.emulator.clients import create_client
from infra.local.emulator.connection_limits import (
    MOST_HTTP,
    MOST_MANAGEMENT,
    MOST_PER_CLIENT,
    HttpLimits,
    MqttLimits,
    raise_descriptor_limit,
    share_descriptors,
)
from infra.local.emulator.edge_responses import API_POLICY, GatewayAnswers, SecurityHeaders, policy_headers
from infra.local.emulator.event_source_poller import EventSourcePoller, Handler
from infra.local.emulator.gateway import Gateway
from infra.local.emulator.http_protocols import REQUEST_SECONDS, Front
from infra.local.emulator.invocations import Invocations
from infra.local.emulator.iot_data_plane import iot_data_plane
from infra.local.emulator.mqtt_broker import Broker
from infra.local.emulator.scheduler import Maintenance, Schedule
from infra.local.emulator.socketio_link import SocketIo
from infra.local.emulator.static_pages import Pages, page_headers
from infra.local.emulator.table_stream import TableStream
from infra.local.emulator.topic_rule import TopicRule
from infra.local.emulator.trusted_proxies import OneFraming, TrustedProxies
from infra.local.emulator.websocket import Connections, Live, LiveHandlers
from infra.local.errors import StackError
from infra.local.runner import environment
from infra.local.runner.data_directory import signing_secret, temporary
from infra.local.runner.server import ByPort, Server, listen, management_app, public_app
from infra.local.runner.worker import Worker
from infra.local.tls.listeners import ANY_ADDRESS, Secured, TlsSettings, open_secured

PAGE_DIRECTORY = template.ROOT / "web"
STREAMED_TABLE = f"ghostwatt-{environment.STAGE}-readings"
DEAD_LETTERS = "dead-letters.jsonl"
WORKER_STOP_SECONDS = 10.0
OUTSIDE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): asking how it would be reached sends nothing."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """What a person chose for the stack.

    Attributes:
        host: The address to listen on.
        port: The HTTP port, 0 for a free one.
        directory: The data directory.
        sweep_seconds: The period of the schedule.
        mqtt_port: The port of the MQTT broker, 0 for a free one.
        mqtt_limits: Limits of the broker's connections.
        tls: HTTPS and MQTTS; then HTTP and MQTT without TLS listen at `host` all the same.
        public_url: Where people reach the stack, "" for where it listens.
        web_origin: The one other origin whose pages may call the API, "" for none.
        proxies: The reverse proxies in front of the stack.
        most_connections: Connections at the HTTP port; fewer where the system gives fewer descriptors.
        most_per_client: Connections of one client at the HTTP port.
        request_seconds: The time for the head of a request.
    """

    host: str
    port: int
    directory: Path
    sweep_seconds: float
    mqtt_port: int = 0
    mqtt_limits: MqttLimits = field(default_factory=MqttLimits)
    tls: TlsSettings | None = None
    public_url: str = ""
    web_origin: str = ""
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    most_connections: int = MOST_HTTP
    most_per_client: int = MOST_PER_CLIENT
    request_seconds: float = REQUEST_SECONDS


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a stack answers.

    Attributes:
        url: Of the page, without TLS.
        mqtt_url: Of the broker, without TLS.
        https_url: Of the page with TLS, "" without.
        mqtts_url: Of the broker with TLS, "" without.
        ca_fingerprint: Of the CA that other machines must trust, "" without TLS.
    """

    url: str
    mqtt_url: str
    https_url: str = ""
    mqtts_url: str = ""
    ca_fingerprint: str = ""


def serve(settings: StackSettings, on_ready: Callable[[Addresses], None]) -> None:
    """Run the stack until a signal ends it.

    Args:
        settings: What a person chose.
        on_ready: Called once it answers.

    Raises:
        StackError: It cannot start.
    """
    clock.hold_steady()
    shares = share_descriptors(raise_descriptor_limit())
    public, management = listen(settings.host, settings.port), listen(LOOPBACK, 0)
    mqtt = listen(settings.host, settings.mqtt_port)
    secured = _secured(settings)
    addresses = _addresses(settings, public.port, mqtt.port, secured)
    url = settings.public_url or addresses.https_url or addresses.url
    prefix = secrets.token_urlsafe()
    services_url = f"http://{LOOPBACK}:{management.port}/{prefix}"
    tempfile.tempdir = str(temporary(settings.directory))
    with _database(settings.directory) as database:
        _put_environment_in_place(settings, url, database.url, services_url)
        app = _app()
        _log_with_the_rest(app.app.log)
        definitions = template.load({"Stage": environment.STAGE, "WebOrigin": settings.web_origin or url})
        database.wait_until_ready()
        tables.ensure(create_client("dynamodb", database.url), definitions)
        connections, bucket = Connections(), Bucket(settings.directory / "exports")
        everyone = settings.proxies.behind(
            _public(app, definitions, connections, bucket, url, settings.web_origin, secured)
        )
        with (
            _poller(settings.directory, database.url),
            _schedule(settings.sweep_seconds),
            _maintenance(settings, database, bucket, secured),
            _broker(settings, mqtt.socket, shares.mqtt, secured) as broker,
            _jobs() as services,
        ):
            calls = [bucket.service(), *services, *iot_data_plane(broker)]
            inside = management_app(connections, prefix, calls)
            asgi = ByPort(management.port, inside, everyone)
            front = _front(settings, shares.http, management.port, policy_headers(definitions, API_POLICY))
            server = Server(asgi, lambda: on_ready(addresses), front, secured.https_socket() if secured else None)
            asyncio.run(server.serve([public.socket, management.socket]))


def _secured(settings: StackSettings) -> Secured | None:
    """HTTPS and MQTTS, if a person chose them. Raises StackError."""
    if settings.tls is None:
        return None
    if settings.public_url.startswith("http://"):
        raise StackError("PUBLIC_URL begins with http://, but TLS=1 lets other machines reach this one by https only.")
    return open_secured(settings.tls, settings.directory, urlsplit(settings.public_url).hostname or "")


def _addresses(settings: StackSettings, port: int, mqtt_port: int, secured: Secured | None) -> Addresses:
    host = _url_host(settings.host)
    url, mqtt_url = f"http://{host}:{port}", f"mqtt://{host}:{mqtt_port}"
    if settings.tls is None or secured is None:
        return Addresses(url, mqtt_url)
    tls_host = _url_host(settings.tls.host)
    return Addresses(
        url,
        mqtt_url,
        f"https://{tls_host}:{secured.https.port}",
        f"mqtts://{tls_host}:{secured.mqtts.port}",
        secured.certificates.authority.fingerprint,
    )


def _put_environment_in_place(settings: StackSettings, url: str, database_url: str, services_url: str) -> None:
    """Set the variables that the app reads when it is imported.

    Args:
        settings: What a person chose.
        url: Where people reach the page.
        database_url: Where the database listens.
        services_url: Where the stand-ins for services of AWS listen.
    """
    environment.put_in_place(
        environment.app_environment(
            public_url=url,
            database_url=database_url,
            live_endpoint=services_url,
            iot_endpoint=services_url,
            jwt_secret=signing_secret(settings.directory),
            mail_directory=str(settings.directory / "mail"),
            services_url=services_url,
            web_origin=settings.web_origin,
        )
        | {"ONLY_WRITER": "yes"}  # the folder is locked, and nobody else reaches its database
    )


def _app() -> Any:
    """The app, which reads the environment when it is imported. Raises StackError for a setting that cannot be read."""
    try:
        return importlib.import_module("app")
    except ValueError as error:
        raise StackError(str(error)) from error


def _public(
    app: Any,
    definitions: template.Template,
    connections: Connections,
    bucket: Bucket,
    url: str,
    web_origin: str,
    secured: Secured | None,
) -> ASGIApp:
    handlers = LiveHandlers(app.live_connect, app.live_message, app.live_disconnect)
    gateway = Gateway(app.app, GatewayAnswers(definitions))
    # Not at home: browsers would then refuse http to all other programs at this machine's name, for a year.
    https = url.startswith("https") and secured is None
    everything = public_app(
        gateway,
        Live(handlers, connections),
        Pages(PAGE_DIRECTORY, page_headers(definitions, https=https)),
        bucket.links(),
        SocketIo(gateway, handlers, connections, url, web_origin),
        [secured.ca_route()] if secured else [],
    )
    return SecurityHeaders(OneFraming(everything), policy_headers(definitions, API_POLICY, https=https))


def _front(settings: StackSettings, most: int, management_port: int, headers: Mapping[str, str]) -> Front:
    """The limits of the HTTP ports: strangers on one must not keep the app from the other."""
    most = min(settings.most_connections, most)
    own = HttpLimits(MOST_MANAGEMENT, MOST_MANAGEMENT)
    limits = HttpLimits(most, min(settings.most_per_client, most), settings.proxies.__contains__)
    return Front(limits, {management_port: own}, headers, settings.request_seconds)


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
def _poller(directory: Path, database_url: str) -> Iterator[None]:
    source = TableStream(database_url, STREAMED_TABLE)
    checkpoint = checkpoints.FileCheckpoint(checkpoints.checkpoint_path(directory, STREAMED_TABLE), source.id)
    dead_letters = checkpoints.DeadLetterFile(directory / DEAD_LETTERS)
    handler: Handler = importlib.import_module("chalicelib.entrypoints.stream").examine
    poller = EventSourcePoller(source, handler, checkpoint, dead_letters)
    with _working(Worker("pump", poller.run), poller.stop):
        yield


@contextmanager
def _schedule(period_seconds: float) -> Iterator[None]:
    schedule = Schedule(importlib.import_module("chalicelib.entrypoints.schedule").sweep, period_seconds)
    with _working(Worker("schedule", schedule.run), schedule.stop):
        yield


@contextmanager
def _maintenance(
    settings: StackSettings, database: Database, bucket: Bucket, secured: Secured | None
) -> Iterator[None]:
    """Run the maintenance that AWS does by itself with each tick of the schedule: delete expired data."""
    client, directory = create_client("dynamodb", database.url), settings.directory
    expiry = Expiry(client, database.path, lambda: _delivered(directory))
    letters = checkpoints.DeadLetterFile(directory / DEAD_LETTERS)
    steps: dict[str, Callable[[], object]] = {
        "expired items": lambda: expiry.run(clock.now_ms() / 1_000),
        "exports": lambda: bucket.expire(clock.now_ms() / 1_000),
        "mail": lambda: expire_mail(directory / "mail", client, clock.now_ms() / 1_000),
        "dead letters": lambda: expire_dead_letters(letters, client, clock.now_ms() / 1_000),
    }
    if secured:
        steps["certificate"] = secured.certificates.renew
    bucket.expire()
    maintenance = Maintenance(steps)
    # A thread of its own: no delivery waits for it.
    ticking = Schedule(lambda *_: maintenance.run(), settings.sweep_seconds)
    with _working(Worker("maintenance", ticking.run), ticking.stop):
        yield


@contextmanager
def _jobs() -> Iterator[Sequence[BaseRoute]]:
    """Run the jobs that the app starts; yields the routes by which it starts them."""
    jobs = importlib.import_module("chalicelib.entrypoints.jobs")
    invocations = Invocations({"export_job": jobs.export_job, "account_mail": jobs.account_mail})
    with _working(Worker("jobs", invocations.run), invocations.stop):
        yield [invocations.service()]


@contextmanager
def _broker(settings: StackSettings, listening: socket.socket, most: int, secured: Secured | None) -> Iterator[Broker]:
    """Run the MQTT broker and its topic rule."""
    handlers = importlib.import_module("chalicelib.entrypoints.mqtt")
    rule = TopicRule(handlers.mqtt_data, checkpoints.DeadLetterFile(settings.directory / DEAD_LETTERS))
    limits = replace(settings.mqtt_limits, total=min(settings.mqtt_limits.total, most))
    with_tls = secured.mqtts_socket() if secured else None
    broker = Broker(listening, handlers.mqtt_authorize, rule.take, limits, with_tls)
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
