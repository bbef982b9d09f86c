"""The certificate authority (CA) of a PC at home: it is fetched once, compared by its fingerprint, and kept."""

from __future__ import annotations

import hashlib
import http.client
import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult

from ghostwatt_pi.data_directory import DataDirectory
from ghostwatt_pi.small_files import write_private

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 64 * 1024
ONE_CERTIFICATE = re.compile(r"\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*")


class CannotTrust(Exception):
    """A certificate authority was not fetched or is not trusted; the text says why."""


def fetch_ca(server: SplitResult) -> str:
    """Fetch the CA's certificate from the server that it vouches for.

    Nothing is verified yet, so the caller must compare the fingerprint. No secret is sent.

    Args:
        server: The https address of the server.

    Returns:
        One certificate, as PEM.

    Raises:
        CannotTrust: The server does not answer, or has none.
    """
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(
        server.hostname or "", server.port, timeout=TIMEOUT_SECONDS, context=unverified
    )
    try:
        connection.request("GET", "/ca.pem")
        answer = connection.getresponse()
        text = answer.read(MAX_BYTES).decode("ascii", errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise CannotTrust(f"{server.netloc} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK or not ONE_CERTIFICATE.fullmatch(text):
        raise CannotTrust(f"{server.netloc} has no certificate authority of its own; is it a PC with make serve TLS=1?")
    return text


def fingerprint_of(pem: str) -> str:
    """Return the SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` writes it. Raises CannotTrust."""
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).hexdigest().upper()
    except ValueError as error:
        raise CannotTrust("the certificate is damaged") from error


def is_fingerprint(text: str, fingerprint: str) -> bool:
    """Whether a person's text, perhaps with colons or blanks, is this fingerprint."""
    return re.sub(r"[\s:]", "", text).upper() == fingerprint


def grouped(fingerprint: str) -> str:
    """Return a fingerprint with colons, to compare by eye."""
    return ":".join(fingerprint[index : index + 2] for index in range(0, len(fingerprint), 2))


def check_vouches_for(pem: str, server: SplitResult) -> None:
    """Raise CannotTrust unless the CA vouches for the server under its name in the address."""
    try:
        connection = http.client.HTTPSConnection(
            server.hostname or "", server.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context(cadata=pem)
        )
        connection.connect()
        connection.close()
    except ssl.SSLCertVerificationError as error:
        raise CannotTrust(f"the CA does not vouch for {server.hostname}: {error.verify_message}") from error
    except OSError as error:
        raise CannotTrust(f"{server.netloc} does not answer: {error}") from error


def ca_path(directory: DataDirectory) -> Path:
    """Return the file of the data folder that keeps the CA."""
    return directory.path / "ca.pem"


def keep_ca(directory: DataDirectory, source: Path) -> Path:
    """Copy a CA into the data folder, where the service can read it, and return its file. Raises OSError."""
    kept = ca_path(directory)
    if source.resolve() != kept.resolve():
        write_private(kept, source.read_text(encoding="ascii", errors="replace"))
    return kept
