"""The certificate with which the stack answers: made by its own CA, and renewed while the stack runs."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.core import clock
from infra.local.tls.authority import issue, open_authority, write_key, write_whole
from infra.local.tls.host_names import HostNames

RENEW_BEFORE = timedelta(days=30)
LOG = logging.getLogger("ghostwatt.tls")


class Certificates:
    """The CA, the server's certificate and the TLS context of both.

    Args:
        directory: Their folder, which is made if it is missing.
        names: Returns the names of this machine now.
        now: Returns the time, with its zone.

    Raises:
        StackError: The CA cannot be used.
    """

    def __init__(
        self, directory: Path, names: Callable[[], HostNames], now: Callable[[], datetime] | None = None
    ) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self._names, self._now = names, now or _now
        self._certificate_path, self._key_path = directory / "server.pem", directory / "server.key"
        self.authority = open_authority(directory, names(), self._now())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._outside: set[str] = set()
        if not self.renew():
            self._load()

    @property
    def ca_pem(self) -> bytes:
        """The CA's certificate, which other machines must trust."""
        return self.authority.certificate.public_bytes(serialization.Encoding.PEM)

    def renew(self) -> bool:
        """Make a new certificate if the old one ends soon or lacks a name of this machine; returns whether it did.

        Connections that are open go on; new ones get the new certificate.
        """
        names = self.authority.may_vouch_for(self._names())
        self._warn_of_others(self._names())
        if self._is_good(names):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = issue(self.authority, key, names, self._now())
        write_key(self._key_path, key)  # a stop between the two leaves a pair that does not fit, and is made anew
        write_whole(self._certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
        self._load()
        LOG.info("the certificate is valid until %s", certificate.not_valid_after_utc.date())
        return True

    def _is_good(self, names: HostNames) -> bool:
        """Whether the stored certificate is this CA's, fits its key, has all names and lasts."""
        with suppress(OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            certificate = x509.load_pem_x509_certificate(self._certificate_path.read_bytes())
            key = serialization.load_pem_private_key(self._key_path.read_bytes(), None)
            certificate.verify_directly_issued_by(self.authority.certificate)
            extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            listed = {*extension.get_values_for_type(x509.DNSName)}
            addresses = {*extension.get_values_for_type(x509.IPAddress)}
            lasts = certificate.not_valid_after_utc - self._now() > RENEW_BEFORE
            starts = certificate.not_valid_before_utc <= self._now()
            fits = key.public_key() == certificate.public_key()
            return fits and lasts and starts and listed >= {*names.names} and addresses >= {*names.addresses}
        return False

    def _load(self) -> None:
        self.context.load_cert_chain(self._certificate_path, self._key_path)

    def _warn_of_others(self, names: HostNames) -> None:
        """Warn once of each name or address that came after the CA was made."""
        allowed = self.authority.may_vouch_for(names)
        outside = {*names.names, *map(str, names.addresses)} - {*allowed.names, *map(str, allowed.addresses)}
        for name in sorted(outside - self._outside):
            LOG.warning(
                "the CA may not vouch for %s: reach this PC as %s, or delete the folder %s and trust the new CA",
                name,
                allowed.names[0],
                self._key_path.parent,
            )
        self._outside = outside


def _now() -> datetime:
    return datetime.fromtimestamp(clock.now_ms() / 1_000, UTC)
