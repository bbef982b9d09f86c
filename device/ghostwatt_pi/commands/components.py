"""Builds the parts of the agent that the settings choose: meter, relays, safe states, local page, Home Assistant.

The Pi's own pins need the extra `gpio`, Home Assistant needs the extra `mqtt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from ghostwatt_pi import identity
from ghostwatt_pi.commands.context import Context
from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk_failures import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.local.observer import AgentObserver
from ghostwatt_pi.local.server import LocalApi
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.meters.base import Meter, MeterWithRelays
from ghostwatt_pi.meters.serial_meter import SerialMeter
from ghostwatt_pi.meters.serial_ports import only_port
from ghostwatt_pi.outlets.safe_states import SafeState, SafeStatePolicy, SafeStates, power_was_lost
from ghostwatt_pi.platforms.boot import read_boot_id
from ghostwatt_pi.settings.config import BadSetting, Settings


def make_meter(settings: Settings, log: EventLog) -> Meter:
    """Make the Arduino's meter, with its own relays or the Pi's pins. Raises BadSetting, RelayError."""
    return with_configured_relays(SerialMeter(settings.serial or only_port(), settings.baud, log), settings)


def with_configured_relays(meter: Meter, settings: Settings) -> Meter:
    """Give a meter the relays of the settings. Raises BadSetting."""
    if settings.relays != "gpio":
        return meter
    if not settings.gpio_pins:
        raise BadSetting("gpio_pins is not set: relays = gpio needs the GPIO number of each channel's relay")
    try:
        from ghostwatt_pi.outlets.gpio import GpioRelays  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(f"relays is gpio, which needs: pipx inject ghostwatt-pi gpiozero lgpio ({error})") from error
    relays = GpioRelays(
        settings.gpio_pins,
        active_low=settings.gpio_active_low,
        cuts_when_energised=settings.gpio_cuts_when_energised,
    )
    return MeterWithRelays(meter, relays)


def make_safe_states(
    settings: Settings, observer: AgentObserver, directory: DataDirectory, disk: Disk | None = None
) -> SafeStates:
    """Make the safe states of the outlets. Raises BadSetting."""
    policy = SafeStatePolicy(
        after_power_loss=cast("SafeState", settings.relay_after_power_loss),  # the settings allow no other
        after_cloud_loss=cast("SafeState", settings.relay_after_cloud_loss),
        cloud_loss_seconds=settings.cloud_loss_minutes * 60,
    )
    boot_id = read_boot_id()
    if boot_id is None and policy.after_power_loss != "keep":
        raise BadSetting("relay_after_power_loss must be keep: this system does not say when it has booted")
    is_lost = power_was_lost(directory.boot_path, boot_id, disk)
    return SafeStates(policy, lambda: observer.relay_states, observer.log, power_was_lost=is_lost)


@contextmanager
def local_page(context: Context, snapshot: Callable[[], Snapshot] = Snapshot) -> Iterator[None]:
    """Serve the local page inside the `with` block. If its port is taken, that is logged, and nothing is served."""
    settings, directory = context.settings, context.directory
    server = None
    if settings.port:
        device_id, state = identity.device_id_if_known(directory), context.claim_state
        try:
            server = LocalApi(
                settings.port,
                directory,
                device_id,
                settings.api,
                state,
                lan=settings.lan,
                ca_file=settings.ca_file,
                snapshot=snapshot,
            )
            server.start()
            context.log("local_api", url=server.url)
            if settings.lan and directory.read_key() is None:
                context.log("lan_word", word=server.confirmation.word)
        except OSError as error:
            context.log("local_api_off", error=f"port {settings.port}: {error.strerror}")
    try:
        yield
    finally:
        if server:
            server.stop()


@contextmanager
def home_assistant(
    settings: Settings, device_id: str, snapshot: Callable[[], Snapshot], log: EventLog
) -> Iterator[None]:
    """Show the outlets in Home Assistant inside the `with` block, if the settings name a broker. Raises BadSetting."""
    if not settings.home_assistant:
        yield
        return
    try:
        from ghostwatt_pi.local.home_assistant import HomeAssistant  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(f"home_assistant is set, which needs: pipx inject ghostwatt-pi paho-mqtt ({error})") from error
    publisher = HomeAssistant(settings.home_assistant, device_id, snapshot, log)
    publisher.start()
    try:
        yield
    finally:
        publisher.stop()
