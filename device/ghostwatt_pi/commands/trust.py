"""`ghostwatt-pi trust`: trusts the certificate authority of a PC at home, after a look at its fingerprint."""

from __future__ import annotations

import sys
from argparse import Namespace
from urllib.parse import urlsplit

from ghostwatt_pi.cloud.trust import (
    CannotTrust,
    ca_path,
    check_vouches_for,
    fetch_ca,
    fingerprint_of,
    grouped,
    is_fingerprint,
)
from ghostwatt_pi.commands.context import OK, Context
from ghostwatt_pi.commands.terminal import ask_at_terminal, is_confirmed
from ghostwatt_pi.settings.config_file import write_settings
from ghostwatt_pi.small_files import write_private


def trust(context: Context, options: Namespace) -> int:
    """Fetch the CA, have its fingerprint compared, and keep it in the data folder and the settings.

    Raises CannotTrust, OSError.
    """
    api = context.settings.api
    server = urlsplit(api)
    if server.scheme != "https":
        raise CannotTrust(f"{api} is not https: give the PC's address, as --api https://192.168.1.20:8443/api")
    pem = fetch_ca(server)
    fingerprint = fingerprint_of(pem)
    _compare(fingerprint, options.fingerprint, server.netloc)
    check_vouches_for(pem, server)
    kept = ca_path(context.directory)
    write_private(kept, pem)
    write_settings(context.directory.path, {"api": api, "ca_file": str(kept)})
    sys.stdout.write(f"{api} is trusted by its own CA from now on ({kept}). Next: ghostwatt-pi claim\n")
    return OK


def _compare(fingerprint: str, expected: str | None, server: str) -> None:
    """Raise CannotTrust unless a person, or the command line, confirms the fingerprint."""
    if expected is not None:
        if not is_fingerprint(expected, fingerprint):
            raise CannotTrust(f"{server} has another CA, with the fingerprint {grouped(fingerprint)}: do not trust it")
        return
    sys.stdout.write(f"The CA at {server} has this SHA-256 fingerprint:\n  {grouped(fingerprint)}\n")
    if ask_at_terminal() is None:
        raise CannotTrust("compare it with the one that the PC shows, and give that one: --fingerprint SHA256")
    if not is_confirmed("Does make serve on the PC show the same?"):
        raise CannotTrust("nothing was changed")
