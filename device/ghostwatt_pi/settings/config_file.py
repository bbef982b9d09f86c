"""Writes config.toml: every setting with its meaning; a setting that is not set stands behind a #."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit

from ghostwatt_pi.settings.config import config_path, settings_table
from ghostwatt_pi.small_files import write_private

HEAD = """# Settings of ghostwatt-pi. Flags and GHOSTWATT_... variables go before this file.
# After a change: sudo systemctl restart ghostwatt
"""


def config_text(values: Mapping[str, object]) -> str:
    """Return the text of a new settings file; `values` are the settings that are set."""
    blocks = [
        f"# {setting.help}\n{_line(key, values[key]) if key in values else '# ' + _line(key, default)}\n"
        for key, setting, default in settings_table()
    ]
    return "\n".join([HEAD, *blocks])


def write_settings(data_dir: Path, values: Mapping[str, object]) -> None:
    """Write a new settings file, or set these values in the one that is there and leave all else as its owner wrote it.

    Raises OSError.
    """
    path = config_path(data_dir)
    text = _with_values(path.read_text(encoding="utf-8"), values) if path.exists() else config_text(values)
    write_private(path, text)


def _with_values(text: str, values: Mapping[str, object]) -> str:
    document = tomlkit.parse(text)
    document.update(values)
    return tomlkit.dumps(document)


def _line(key: str, value: object) -> str:
    return f"{key} = {tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()}"
