"""Root who works in the service's folder becomes the service's user: a file of root's would shut the service out."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def become_owner(folder: Path) -> None:
    """Give root's rights up for those of the folder's owner. Nothing when we are not root, or the folder is ours."""
    if os.geteuid() != 0 or not folder.exists():
        return
    status = folder.stat()
    if status.st_uid == 0:
        return
    user = pwd.getpwuid(status.st_uid)
    os.initgroups(user.pw_name, status.st_gid)
    os.setgid(status.st_gid)
    os.setuid(status.st_uid)
    os.environ["HOME"] = user.pw_dir
