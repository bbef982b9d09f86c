"""What only some settings ask for: the Pi's own pins (extra `gpio`), Home Assistant (extra `mqtt`), safe states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.disk import Disk
from ghostwatt_pi.event_log import EventLog
from ghostwatt_pi.local.snapshot import Snapshot
from ghostwatt_pi.local.watch import Watch
from ghostwatt_pi.meters.base import Meter
from ghostwatt_pi.meters.with_relays import MeterWithRelays
from ghostwatt_pi.outlets.safe_states import SafeState, SafeStatePolicy, SafeStates, power_was_lost
from ghostwatt_pi.settings.config import BadSetting, Settings


def with_chosen_relays(meter: Meter, settings: Settings) -> Meter:
    """The meter with the relays of the settings. Raises BadSetting."""
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


def safe_states(settings: Settings, watch: Watch, directory: DataDirectory, disk: Disk | None = None) -> SafeStates:
    """The outlets' safe states as the settings have them."""
    policy = SafeStatePolicy(
        after_power_loss=cast("SafeState", settings.relay_after_power_loss),  # the settings allow no other
        after_cloud_loss=cast("SafeState", settings.relay_after_cloud_loss),
        cloud_loss_seconds=settings.cloud_loss_minutes * 60,
    )
    lost = power_was_lost(directory.boot_path, disk=disk)
    return SafeStates(policy, lambda: watch.relay_states, watch.log, power_was_lost=lost)


@contextmanager
def home_assistant(
    settings: Settings, device_id: str, snapshot: Callable[[], Snapshot], log: EventLog
) -> Iterator[None]:
    """Home Assistant sees the outlets meanwhile, if the settings name a broker. Raises BadSetting."""
    if not settings.home_assistant:
        yield
        return
    try:
        from ghostwatt_pi.local.home_assistant import HomeAssistant  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise BadSetting(f"home_assistant is set, which needs: pipx inject ghostwatt-pi paho-mqtt ({error})") from error
    shown = HomeAssistant(settings.home_assistant, device_id, snapshot, log)
    shown.start()
    try:
        yield
    finally:
        shown.stop()
