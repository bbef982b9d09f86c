"""The reference pages: settings and commands, made from the tables and parsers that the programs use themselves."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from ghostwatt_pi.commands.parser import EXAMPLES, build_parser
from ghostwatt_pi.settings.config import flag, settings_table, variable

from infra.local.runner.options import SETTINGS

HEAD = "<!-- Made by `make docs` from the code. -->\n\n"
ABOUT_VARIABLES = (
    "Each is a variable of `make serve` and `make service`, a variable of the environment, and an option of"
    " `python -m infra.local` (in small letters, with hyphens).\n"
)
HIDDEN = (None, argparse.SUPPRESS, "show this help message and exit")
TARGET = re.compile(r"^([a-z-]+):.*?## (.*)$", re.MULTILINE)


def settings_page() -> str:
    """Return the page of all settings: the stack's on a PC, and the agent's."""
    stack = [
        f"| `{name}` | {_code(setting.default)} | {_cell(_meaning(setting.meaning))} |"
        for name, setting in SETTINGS.items()
    ]
    agent = [
        f"| `{flag(key)}` | `{variable(key)}` | `{key}` | {_code(default)} | {_cell(written.help)} |"
        for key, written, default in settings_table()
    ]
    return "\n".join(
        [
            f"{HEAD}# Settings\n",
            "## The stack on a PC\n",
            ABOUT_VARIABLES,
            "| variable | default | meaning |\n|---|---|---|",
            *stack,
            "\n`HOST`, `PORT`, `DATA` and `MQTT_PORT` stand in [Run it on a PC](../pc.md).\n",
            "## The agent\n",
            "A flag goes before the environment, and the environment before `config.toml` in the data folder.\n",
            "| flag | environment | config.toml | default | meaning |\n|---|---|---|---|---|",
            *agent,
            "",
        ]
    )


def commands_page(makefile: Path) -> str:
    """Return the page of all commands: those of make, and the agent's with their options."""
    targets = [f"| `make {name}` | {_cell(text)} |" for name, text in TARGET.findall(makefile.read_text())]
    return "\n".join(
        [
            f"{HEAD}# Commands\n",
            "## make\n",
            "| command | what it does, and its variables |\n|---|---|",
            *targets,
            "\n## ghostwatt-pi\n",
            "Each command also takes the [settings](settings.md#the-agent) as flags.\n",
            *_agent_commands(build_parser()),
            "",
        ]
    )


def _agent_commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    subparsers = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction))  # noqa: SLF001 - argparse shows them in no other way
    for name, command in subparsers.choices.items():
        yield f"### ghostwatt-pi {name}\n"
        yield f"{(command.description or '').partition(' For example')[0]}\n"
        yield f"    ghostwatt-pi {EXAMPLES.get(name, name)}\n"
        options = [each for each in command._actions if each.help not in HIDDEN]  # noqa: SLF001 - as above
        rows = [f"| `{_written(each)}` | {_cell(str(each.help) % _values(each))} |" for each in options]
        yield "\n".join(["| option | meaning |\n|---|---|", *rows, ""])


def _written(action: argparse.Action) -> str:
    name = ", ".join(action.option_strings)
    value = action.metavar if isinstance(action.metavar, str) else action.dest
    if action.choices:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    takes_none = action.nargs == 0
    return name if takes_none and name else f"{name} {value}".strip()


def _values(action: argparse.Action) -> dict[str, object]:
    return {"default": action.default}


def _meaning(text: str) -> str:
    return text.replace(" (default: %(default)s)", "").replace("; 0 takes", ", 0 takes")


def _code(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text not in ("", "()") else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
