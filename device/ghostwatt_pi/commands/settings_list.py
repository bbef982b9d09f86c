"""`ghostwatt-pi settings`: every setting once, with its flag, meaning, default, and value here."""

from __future__ import annotations

import sys
from argparse import Namespace

from ghostwatt_pi.commands.context import OK, Context
from ghostwatt_pi.settings.config import config_path, flag, settings_table

NO_VALUE = ("", ())
"""Defaults that stand for no value."""


def show_settings(context: Context, _options: Namespace) -> int:
    """Print the list."""
    lines = [
        f"Flags go before GHOSTWATT_... in the environment, these before {config_path(context.settings.data_dir)}."
    ]
    for key, written, default in settings_table():
        value = getattr(context.settings, key)
        default_text = f" ({_text(default)})" if default not in NO_VALUE else ""
        value_text = f"  now: {_text(value)}" if value != default else ""
        lines += ["", f"{flag(key)} {written.value}".rstrip() + value_text, f"    {written.help}{default_text}"]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return OK


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
