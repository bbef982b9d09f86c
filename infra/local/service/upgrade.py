"""python -m infra.local.service.upgrade: back up, take the newest version of this checkout, and start it again."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.backup.archive import BackupError
from infra.backup.folder import back_up
from infra.local.emulator.template import ROOT
from infra.local.service.install import Machine, ServiceError, run_command, this_machine
from infra.local.service.unit import UNIT_NAME


def upgrade(root: Path, data: Path, machine: Machine, now: datetime) -> str:
    """Upgrade a checkout.

    Args:
        root: The checkout.
        data: The data folder, which is backed up first.
        machine: Where its service runs, if it has one.
        now: The time, which names the backup.

    Returns:
        What was done, for people.

    Raises:
        ServiceError: The checkout has changes of its own, or a step failed; the text names the step.
        BackupError: The data cannot be backed up. Nothing was changed then.
        OSError: The disk does not take it.
    """
    if _git(root, "status", "--porcelain", "--untracked-files=no"):
        raise ServiceError(f"{root} has changes of your own: keep them with git commit or git stash, then try again.")
    _git(root, "fetch", "--quiet")
    before, newest = _git(root, "rev-parse", "HEAD"), _git(root, "rev-parse", "@{upstream}")
    if _git(root, "merge-base", before, newest) == newest:
        return "This is the newest version already; nothing was changed."
    done = []
    if (data / "database.sqlite").exists():
        saved = back_up(data, data.parent / f"ghostwatt-before-upgrade-{now:%Y%m%d-%H%M%S}.tar.gz", now)
        done.append(f"The data before is in {saved.path}.")
    _git(root, "merge", "--quiet", "--ff-only", newest)
    run_command(["make", "--silent", "-C", str(root), "runtime"])
    if machine.has_systemd and machine.unit_path.exists():
        machine.systemctl("restart", UNIT_NAME)
        done.append("The service was started again.")
    else:
        done.append("Start the stack again if it runs.")
    return " ".join([f"Upgraded from {before[:7]} to {newest[:7]}.", *done, f"Back: git reset --hard {before[:7]}"])


def _git(root: Path, *arguments: str) -> str:
    """Run git in the checkout, and return what it says. Raises ServiceError."""
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            ["git", "-C", str(root), *arguments],  # noqa: S607 - wherever it is
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        raise ServiceError(f"git {' '.join(arguments)}: {said}") from error
    return done.stdout.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """Upgrade this checkout."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.service.upgrade", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{upgrade(ROOT, options.data.resolve(), this_machine(), datetime.now(UTC))}\n")
    except (BackupError, ServiceError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
