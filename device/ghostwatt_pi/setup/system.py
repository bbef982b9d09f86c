"""The machine that setup changes: where things lie, and how its commands are run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghostwatt_pi.platforms.users import is_root
from ghostwatt_pi.settings.config import DEFAULT_DATA_DIR, SERVICE_DATA_DIR
from ghostwatt_pi.setup.unit import UNIT_NAME

Run = Callable[[Sequence[str]], None]


class CommandFailed(Exception):
    """A command of the system failed; the text has its output."""


def run_command(command: Sequence[str]) -> None:
    """Run a command without showing its output. Raises CommandFailed."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - setup's own commands
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        raise CommandFailed(f"{' '.join(command)}: {said}") from error


@dataclass(frozen=True)
class System:
    """`root` is where the file system begins; `can_serve` whether a service can be installed (we are root, systemd)."""

    can_serve: bool
    root: Path = Path("/")
    run: Run = run_command

    @property
    def is_raspberry_pi(self) -> bool:
        """Whether this is a Raspberry Pi, by Linux's device tree."""
        model = self.root / "proc/device-tree/model"
        return model.is_file() and b"Raspberry Pi" in model.read_bytes()

    @property
    def unit_path(self) -> Path:
        """The path of the service's unit."""
        return self.root / "etc/systemd/system" / UNIT_NAME

    @property
    def data_dir(self) -> Path:
        """The data directory: the service's, or without a service the person's own."""
        return self.root / SERVICE_DATA_DIR.relative_to("/") if self.can_serve else DEFAULT_DATA_DIR

    @property
    def program_dir(self) -> Path:
        """The directory of the service's program."""
        return self.root / "opt/ghostwatt-pi"


def this_system() -> System:
    """Return the machine that this program runs on."""
    return System(can_serve=is_root() and Path("/run/systemd/system").is_dir())
