"""The certificate authority of one PC: it may vouch for this PC's names and addresses, and for nothing else.

Its key can do no harm to other sites: the name constraints stand in the certificate that other machines trust, and
they check them (RFC 5280, section 4.2.1.10). Both files lie in the data folder, readable by its owner only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.local.errors import StackError
from infra.local.tls.host_names import HostNames

CA_LIFE = timedelta(days=3_653)
"""Ten years: each machine has to be told of a new one by hand."""
LEAF_LIFE = timedelta(days=90)
CLOCKS_DIFFER = timedelta(days=1)
"""A certificate is valid from a day before its making: a Pi without a battery clock may be behind."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The CA's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def may_vouch_for(self, names: HostNames) -> HostNames:
        """Return those of the names that its constraints allow."""
        permitted = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        domains = {str(tree.value) for tree in permitted or () if isinstance(tree, x509.DNSName)}
        networks = [tree.value for tree in permitted or () if isinstance(tree, x509.IPAddress)]
        return HostNames(
            tuple(name for name in names.names if name in domains),
            tuple(address for address in names.addresses if ip_network(address) in networks),
        )


def open_authority(directory: Path, names: HostNames, now: datetime) -> Authority:
    """Read the CA, or make it for these names.

    Args:
        directory: The folder of `ca.pem` and `ca.key`.
        names: The names that a new CA may vouch for.
        now: The time, with its zone.

    Raises:
        StackError: A file is damaged, one of the two is missing, or the CA has expired.
    """
    certificate_path, key_path = directory / "ca.pem", directory / "ca.key"
    if not certificate_path.exists() and not key_path.exists():
        made = _new_authority(names, now)
        write_key(key_path, made.key)
        write_whole(certificate_path, made.certificate.public_bytes(serialization.Encoding.PEM))
        return made
    again = f"Delete {directory}, start again, and let each machine trust the new CA."
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise StackError(f"The CA in {directory} cannot be read: {error}. {again}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise StackError(f"{key_path} is not the key of {certificate_path}. {again}")
    if certificate.not_valid_after_utc <= now:
        raise StackError(f"The CA in {directory} has expired. {again}")
    return Authority(certificate, key)


def _new_authority(names: HostNames, now: datetime) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Ghostwatt on {names.names[0]}"[:64])])
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names.names]
    permitted += [x509.IPAddress(ip_network(address)) for address in names.addresses]
    builder = (
        _builder(subject, subject, key.public_key(), now, now + CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Authority, key: ec.EllipticCurvePrivateKey, names: HostNames, now: datetime) -> x509.Certificate:
    """Return a server's certificate for names that the CA may vouch for; it ends with the CA at the latest."""
    ca = authority.certificate
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names.names[0][:64])])
    others: list[x509.GeneralName] = [x509.DNSName(name) for name in names.names]
    others += [x509.IPAddress(address) for address in names.addresses]
    until = min(now + LEAF_LIFE, ca.not_valid_after_utc)
    builder = (
        _builder(subject, ca.subject, key.public_key(), now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - CLOCKS_DIFFER).not_valid_after(until)


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Write a private key, for its owner only."""
    plain = serialization.NoEncryption()
    write_whole(path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 as a whole, so that a power cut leaves no half of one."""
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
