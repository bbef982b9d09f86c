"""Settings: flags go before the environment, that before config.toml in the data folder, that before defaults."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOCAL_API = "http://127.0.0.1:8000/api"
"""Where `make serve` of the Ghostwatt repository answers on the same machine."""
DEFAULT_DATA_DIR = Path("~/.ghostwatt")
DEFAULT_LOCAL_PORT = 5000
MAX_PORT = 65_535
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSetting(Exception):
    """A setting that cannot be; the text names it."""


@dataclass(frozen=True)
class Settings:
    """`api` is the cloud's base URL with its `/api`; `local_port` is the local page's, 0 for none."""

    api: str
    data_dir: Path
    local_port: int


def load_settings(
    flags: Mapping[str, object], environment: Mapping[str, str] = os.environ, default_dir: Path = DEFAULT_DATA_DIR
) -> Settings:
    """Settings from flags (`api`, `env`, `data`, `port`; None where not given), environment and file.

    `env` local means this machine, whatever address the environment or the file has. Raises BadSetting.
    """
    data_dir = Path(str(flags.get("data") or environment.get("GHOSTWATT_DATA") or default_dir)).expanduser()
    file = _read_file(data_dir / "config.toml")

    def pick(key: str) -> object:
        given = flags.get(key), environment.get(f"GHOSTWATT_{key.upper()}"), file.get(key)
        return next((value for value in given if value is not None), None)

    env = pick("env")
    if env not in (None, "local", "cloud"):
        raise BadSetting(f"env is {env!r}: it is local or cloud")
    api = flags.get("api") if env == "local" else pick("api")
    if api is None and env == "cloud":
        raise BadSetting("api is not set: give the cloud's address with --api, GHOSTWATT_API or config.toml")
    return Settings(_api(str(api or LOCAL_API)), data_dir, _port(pick("port")))


def sends_in_clear(api: str) -> bool:
    """Whether the key would travel unencrypted over a network."""
    parts = urlsplit(api)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        settings = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error
    if unknown := settings.keys() - {"api", "env", "port"}:
        raise BadSetting(f"{path}: unknown setting {min(unknown)!r}")
    return settings


def _api(api: str) -> str:
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetting(f"api is {api!r}: it must be an http or https address")
    return api.rstrip("/")


def _port(port: object) -> int:
    text = str(DEFAULT_LOCAL_PORT if port is None else port)
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise BadSetting(f"port is {text!r}: it must be 0 to {MAX_PORT}")
    return int(text)
