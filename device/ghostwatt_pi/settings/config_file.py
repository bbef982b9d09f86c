"""Writes config.toml: every setting with its meaning, those that are not set behind a #."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from ghostwatt_pi.files import write_private
from ghostwatt_pi.settings.config import config_path, settings_table

HEAD = """# Settings of ghostwatt-pi. Flags and GHOSTWATT_... variables go before this file.
# After a change: sudo systemctl restart ghostwatt
"""


def config_text(values: Mapping[str, object]) -> str:
    """The whole file; `values` are the settings that are set."""
    blocks = [
        f"# {written.help}\n{_line(key, values[key]) if key in values else '# ' + _line(key, default)}\n"
        for key, written, default in settings_table()
    ]
    return "\n".join([HEAD, *blocks])


def write_settings(data_dir: Path, values: Mapping[str, object]) -> None:
    """Make the file, or set these values in the one that is there and leave everything else as its owner wrote it."""
    path = config_path(data_dir)
    write_private(path, with_values(path.read_text(), values) if path.exists() else config_text(values))


def with_values(file: str, values: Mapping[str, object]) -> str:
    """The file's text with these values set, each in its own line, also if that was behind a #."""
    for key, value in values.items():
        line = _line(key, value)
        own = re.compile(rf"^{key}[ \t]*=.*$", re.MULTILINE)
        silent = re.compile(rf"^#[ \t]*{key}[ \t]*=.*$", re.MULTILINE)
        found = own.search(file) or silent.search(file)
        file = f"{file[: found.start()]}{line}{file[found.end() :]}" if found else f"{file.rstrip()}\n{line}\n"
    return file


def _line(key: str, value: object) -> str:
    """JSON's text, numbers, booleans and lists are TOML's too."""
    return f"{key} = {json.dumps(value)}"
