"""Users and groups of Linux and macOS. On Windows nobody is root, and no user is looked up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":

    def is_root() -> bool:
        """Whether this process has root's rights."""
        return False

    def become_owner(folder: Path) -> None:
        """Change nothing: only root's rights can be exchanged."""

    def user_exists(name: str) -> bool:
        """Whether the system has a user of this name."""
        return False

    def group_exists(name: str) -> bool:
        """Whether the system has a group of this name."""
        return False

else:
    import grp
    import pwd

    def is_root() -> bool:
        """Whether this process has root's rights."""
        return os.geteuid() == 0

    def become_owner(folder: Path) -> None:
        """Exchange root's rights for those of the folder's owner: a file of root's would shut the service out.

        Nothing changes for another user than root, and in a folder of root's.
        """
        if not is_root() or not folder.exists():
            return
        status = folder.stat()
        if status.st_uid == 0:
            return
        user = pwd.getpwuid(status.st_uid)
        os.initgroups(user.pw_name, status.st_gid)
        os.setgid(status.st_gid)
        os.setuid(status.st_uid)
        os.environ["HOME"] = user.pw_dir

    def user_exists(name: str) -> bool:
        """Whether the system has a user of this name."""
        try:
            pwd.getpwnam(name)
        except KeyError:
            return False
        return True

    def group_exists(name: str) -> bool:
        """Whether the system has a group of this name."""
        try:
            grp.getgrnam(name)
        except KeyError:
            return False
        return True
