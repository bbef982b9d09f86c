"""Settings: flags go before the environment, that before config.toml in the data folder, that before defaults.

The class Settings is the table they all come from: the flags, the variables, the file, its comments, the README.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ghostwatt_pi.settings.values import RETIRED, Setting, address, number, one_of, pins, setting, switch, text, whole

LOCAL_API = "http://127.0.0.1:8000/api"
"""Where `make serve` of the Ghostwatt repository answers on the same machine."""
DEFAULT_DATA_DIR = Path("~/.ghostwatt")
SERVICE_DATA_DIR = Path("/var/lib/ghostwatt")
"""The service's folder (systemd's StateDirectory); the default where it is there."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE_STATES = ("keep", "on", "off")


class BadSetting(Exception):
    """A setting that cannot be; the text names it and says where it stands."""


class BadFlag(BadSetting):
    """The same of a flag: the command line is wrong."""


@dataclass(frozen=True)
class Settings:
    """All settings. An empty text means that none is set."""

    data_dir: Path
    api: str = setting(LOCAL_API, address("http", "https"), "the cloud's address, with its /api", "URL")
    ca_file: str = setting(
        "", text, "the CA that vouches for the cloud and its broker, as of a PC; no other is trusted then", "FILE"
    )
    env: str = setting("", one_of("local", "cloud"), "local: this machine; cloud: the address that is set")
    transport: str = setting("http", one_of("http", "mqtt"), "how readings travel; pairing is always by HTTP")
    mqtt_host: str = setting("", text, "the name of the cloud's MQTT broker; TLS, unless it is this machine", "HOST")
    mqtt_port: int = setting(0, whole(0, 65_535), "its port, 0 for 443 with TLS and 1883 without", "N")
    port: int = setting(5000, whole(0, 65_535), "the local page's port, 0 for none", "N")
    lan: bool = setting(False, switch, "show the local page to the local network too")
    serial: str = setting("", text, "the Arduino's port; without it the only one plugged in", "PATH")
    baud: int = setting(9600, whole(300, 2_000_000), "the Arduino's speed", "N")
    relays: str = setting("serial", one_of("serial", "gpio"), "what switches: the Arduino, or the Pi's own pins")
    gpio_pins: tuple[int, ...] = setting((), pins, "GPIO numbers of the relays of channel 1, 2, ...", "N,N")
    gpio_active_low: bool = setting(True, switch, "a pin at LOW energises its relay, as with most relay modules")
    gpio_cuts_when_energised: bool = setting(
        True, switch, "an energised relay cuts: the outlet hangs on its NC contact"
    )
    relay_after_power_loss: str = setting("keep", one_of(*SAFE_STATES), "an outlet's state when the Pi starts again")
    relay_after_cloud_loss: str = setting("keep", one_of(*SAFE_STATES), "an outlet's state once the cloud is lost")
    cloud_loss_minutes: float = setting(60.0, number(1, 100_000), "how long the cloud must be away to be lost", "N")
    upload_step_watts: float = setting(20.0, number(1, 25_000), "a change this large is sent at once", "N")
    span_seconds: float = setting(
        60.0, number(1, 120), "the longest time of steady watts that one reading may stand for", "N"
    )
    home_assistant: str = setting("", address("mqtt", "mqtts"), "the home's own MQTT broker, for Home Assistant", "URL")
    retired: tuple[str, ...] = ()
    """Sentences about settings that were given but no longer exist."""


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str] = os.environ, default_dir: Path | None = None
) -> Settings:
    """Settings from flags (None where not given; `data` is the folder), environment and file.

    `env` local means this machine, whatever address the environment or the file has. Raises BadSetting.
    """
    data_dir = Path(str(flags.get("data") or environment.get("GHOSTWATT_DATA") or default_dir or _default_dir()))
    data_dir = data_dir.expanduser()
    path = config_path(data_dir)
    file = _read_file(path)
    values = {}
    for key in KEYS:
        given = (flag(key), flags.get(key)), (variable(key), environment.get(variable(key))), (str(path), file.get(key))
        found = next(((place, value) for place, value in given if value is not None), None)
        if found:
            values[key] = _parse(key, *found)
    if values.get("env") == "local" and flags.get("api") is None:
        values["api"] = LOCAL_API
    if values.get("env") == "cloud" and "api" not in values:
        raise BadSetting("api is not set: give the cloud's address with --api, GHOSTWATT_API or config.toml")
    return Settings(data_dir, retired=tuple(_retired(flags, environment, file, path)), **values)


def _retired(
    flags: Mapping[str, object], environment: Mapping[str, str], file: Mapping[str, object], path: Path
) -> Iterator[str]:
    """A sentence for each place that still sets something which no longer exists."""
    for key in RETIRED:
        places = {flag(key): flags.get(key), variable(key): environment.get(variable(key)), str(path): file.get(key)}
        for place, value in places.items():
            if value is not None:
                yield f"{key} ({place}) no longer exists and is ignored"


def settings_table() -> Iterator[tuple[str, Setting, Any]]:
    """(key, how it is written, default) of each setting."""
    for item in fields(Settings):
        if "setting" in item.metadata:
            yield item.name, item.metadata["setting"], item.default


KEYS = {key: written for key, written, _ in settings_table()}


def flag(key: str) -> str:
    """The command line's flag of a setting."""
    return f"--{key.replace('_', '-')}"


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return f"GHOSTWATT_{key.upper()}"


def config_path(data_dir: Path) -> Path:
    """The settings file of a data folder."""
    return data_dir / "config.toml"


def sends_in_clear(api: str) -> bool:
    """Whether the key would travel unencrypted over a network."""
    parts = urlsplit(api)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _default_dir() -> Path:
    return SERVICE_DATA_DIR if SERVICE_DATA_DIR.is_dir() else DEFAULT_DATA_DIR


def _parse(key: str, place: str, value: object) -> Any:
    try:
        return KEYS[key].parse(value)
    except ValueError as error:
        kind = BadFlag if place == flag(key) else BadSetting
        raise kind(f"{key} is {value!r} ({place}): it must be {error}") from None


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error
    if unknown := settings.keys() - KEYS.keys() - set(RETIRED):
        raise BadSetting(f"{path}: unknown setting {min(unknown)!r}; there are {', '.join(KEYS)}")
    return settings
