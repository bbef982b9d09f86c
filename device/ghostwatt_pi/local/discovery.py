"""What Home Assistant is told: the topics and fields of its MQTT discovery.

Power and energy are sensors, the relay a binary sensor: it can be seen there but not switched. Whether an outlet may be
cut is the cloud's to say (policies, never-cut), and a command that came past it would not be safe.
https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ghostwatt_pi import __version__
from ghostwatt_pi.local.snapshot import OutletSnapshot

PREFIX = "homeassistant"
STALE_SECONDS = 120
"""Home Assistant shows a value as unavailable when none has come for so long."""
ENTITIES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("sensor", "power", {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "W"}),
    ("sensor", "energy", {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": "kWh"}),
    ("binary_sensor", "relay", {"device_class": "power"}),
)
"""An outlet's: component, name (which is a field of `state`), and what else its config says."""


def state_topic(device_id: str, channel: int) -> str:
    """Where an outlet's values go."""
    return f"ghostwatt/{device_id}/{channel}"


def state(outlet: OutletSnapshot) -> Mapping[str, object]:
    """An outlet's values; power is null before the first measurement."""
    return {
        "power": outlet.power,
        "energy": round(outlet.watt_hours / 1000, 6),
        "relay": "ON" if outlet.state == "on" else "OFF",
    }


def discovery(device_id: str, channel: int, availability: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(topic, config) of each of an outlet's entities."""
    for component, name, more in ENTITIES:
        topic = f"{PREFIX}/{component}/ghostwatt_{device_id}/{channel}_{name}/config"
        config = {
            "name": f"Outlet {channel} {name}",
            "unique_id": f"ghostwatt_{device_id}_{channel}_{name}",
            "state_topic": state_topic(device_id, channel),
            "value_template": f"{{{{ value_json.{name} }}}}",
            "availability_topic": availability,
            "expire_after": STALE_SECONDS,
            "device": {
                "identifiers": [f"ghostwatt_{device_id}"],
                "name": f"Ghostwatt {device_id}",
                "manufacturer": "Ghostwatt",
                "sw_version": __version__,
            },
            "origin": {"name": "ghostwatt-pi", "sw_version": __version__},
            **more,
        }
        yield topic, config
