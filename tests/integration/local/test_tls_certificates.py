"""The CA of a PC: what it may vouch for, how long, and when its certificate is made anew."""

from __future__ import annotations

import datetime as dt
import logging
import socket
import ssl
import stat
import threading
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra.local.errors import StackError
from infra.local.tls.authority import CA_LIFE, LEAF_LIFE, issue, open_authority
from infra.local.tls.certificates import RENEW_BEFORE, Certificates
from infra.local.tls.host_names import HostNames, checked_name, host_names

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOME = HostNames(("pc", "pc.local", "localhost"), (ip_address("192.168.1.20"), ip_address("127.0.0.1")))


@dataclass
class House:
    """A PC whose time and names a test changes."""

    directory: Path
    names: HostNames = HOME
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def open(self) -> Certificates:
        return Certificates(self.directory, lambda: self.names, lambda: self.now)

    def serial(self) -> int:
        return x509.load_pem_x509_certificate((self.directory / "server.pem").read_bytes()).serial_number


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "tls")


def handshake(context: ssl.SSLContext, ca_pem: str, name: str) -> str:
    """Connect to a server with this context under a name. Raises SSLCertVerificationError; returns the TLS version."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            context.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cadata=ca_pem)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        with client.wrap_socket(ours, server_hostname=name) as secured:
            return secured.version() or ""
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["pc", "pc.local", "localhost", "192.168.1.20", "127.0.0.1"])
def test_a_client_that_trusts_the_ca_reaches_each_name(house: House, name: str) -> None:
    made = house.open()
    assert handshake(made.context, made.ca_pem.decode(), name) == "TLSv1.3"


def test_another_name_is_refused(house: House) -> None:
    made = house.open()
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(made.context, made.ca_pem.decode(), "bank.example")


def test_another_ca_is_refused(house: House, tmp_path: Path) -> None:
    other = House(tmp_path / "other").open()
    with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
        handshake(house.open().context, other.ca_pem.decode(), "pc.local")


def test_who_steals_the_ca_s_key_can_vouch_for_no_other_name(house: House, tmp_path: Path) -> None:
    made = house.open()
    key = ec.generate_private_key(ec.SECP256R1())
    bank = HostNames(("bank.example",), (ip_address("192.168.1.99"),))
    forged = House(tmp_path / "forged")
    forged.open()
    certificate = issue(made.authority, key, bank, house.now)
    (forged.directory / "server.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (forged.directory / "server.key").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(forged.directory / "server.pem", forged.directory / "server.key")
    for name in ("bank.example", "192.168.1.99"):
        with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
            handshake(context, made.ca_pem.decode(), name)


def test_keys_are_readable_by_their_owner_only(house: House) -> None:
    house.open()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in house.directory.iterdir()}
    assert modes == dict.fromkeys(["ca.key", "ca.pem", "server.key", "server.pem"], 0o600)
    assert stat.S_IMODE(house.directory.stat().st_mode) == 0o700


def test_the_ca_lasts_ten_years_and_its_certificate_ninety_days(house: House) -> None:
    house.now = NOW
    made = house.open()
    leaf = x509.load_pem_x509_certificate((house.directory / "server.pem").read_bytes())
    assert made.authority.certificate.not_valid_after_utc == NOW + CA_LIFE
    assert leaf.not_valid_after_utc == NOW + LEAF_LIFE
    assert leaf.not_valid_before_utc < NOW, "a Pi's clock may be behind"
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_a_restart_keeps_ca_and_certificate(house: House) -> None:
    first, serial = house.open(), house.serial()
    assert house.open().authority.fingerprint == first.authority.fingerprint
    assert house.serial() == serial


def test_a_certificate_that_ends_soon_is_renewed_while_the_stack_runs(house: House) -> None:
    started = LEAF_LIFE - RENEW_BEFORE + DAY
    house.now -= started
    made, serial = house.open(), house.serial()
    assert not made.renew()
    house.now += started
    assert made.renew()
    assert house.serial() != serial
    assert handshake(made.context, made.ca_pem.decode(), "pc") == "TLSv1.3"


def test_an_address_that_goes_away_and_returns_is_named_again(house: House) -> None:
    house.names = HostNames(("pc",), (ip_address("192.168.1.20"), ip_address("127.0.0.1")))
    made = house.open()
    house.names = HostNames(("pc",), (ip_address("127.0.0.1"),))
    (house.directory / "server.pem").unlink()
    assert made.renew()
    house.names = HostNames(("pc",), (ip_address("192.168.1.20"), ip_address("127.0.0.1")))
    assert made.renew()
    handshake(made.context, made.ca_pem.decode(), "192.168.1.20")


def test_an_address_that_came_after_the_ca_is_warned_of_once(house: House, caplog: pytest.LogCaptureFixture) -> None:
    made = house.open()
    house.names = HostNames(HOME.names, (ip_address("192.168.1.77"), *HOME.addresses))
    with caplog.at_level(logging.WARNING):
        made.renew()
        made.renew()
    warned = [record.getMessage() for record in caplog.records]
    assert len(warned) == 1
    assert "may not vouch for 192.168.1.77: reach this PC as pc" in warned[0]
    handshake(made.context, made.ca_pem.decode(), "pc.local")


@pytest.mark.parametrize("damaged", ["server.pem", "server.key"])
def test_a_damaged_certificate_is_made_anew(house: House, damaged: str) -> None:
    made = house.open()
    (house.directory / damaged).write_bytes(b"half")
    again = house.open()
    assert again.authority.fingerprint == made.authority.fingerprint
    handshake(again.context, again.ca_pem.decode(), "pc")


@pytest.mark.parametrize("damaged", ["ca.pem", "ca.key"])
def test_a_damaged_ca_is_never_replaced_without_a_word(house: House, damaged: str) -> None:
    house.open()
    for content in (b"half", None):
        path = house.directory / damaged
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(StackError, match=r"cannot be read.*Delete .*tls"):
            house.open()


def test_the_key_of_another_ca_and_an_expired_ca_are_refused(house: House, tmp_path: Path) -> None:
    house.open()
    with pytest.raises(StackError, match="has expired"):
        open_authority(house.directory, HOME, house.now + CA_LIFE + DAY)
    House(tmp_path / "other").open()
    (tmp_path / "other/ca.key").replace(house.directory / "ca.key")
    with pytest.raises(StackError, match="is not the key of"):
        house.open()


def test_the_last_certificate_ends_with_the_ca(house: House) -> None:
    house.now = NOW
    house.open()
    house.now = NOW + CA_LIFE - 40 * DAY
    made = house.open()
    leaf = x509.load_pem_x509_certificate((house.directory / "server.pem").read_bytes())
    assert leaf.not_valid_after_utc == made.authority.certificate.not_valid_after_utc


def test_the_names_of_this_machine_are_its_own_the_chosen_ones_and_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen")
    found = host_names(["gw.lan", "10.0.0.7"])
    assert found.names == ("gw.lan", "kitchen", "kitchen.local", "localhost")
    assert found.addresses[0] == ip_address("10.0.0.7")
    assert {ip_address("127.0.0.1"), ip_address("::1")} <= {*found.addresses}
    assert host_names([], "192.0.2.7").addresses == tuple(map(ip_address, ["192.0.2.7", "127.0.0.1", "::1"]))


@pytest.mark.parametrize("text", ["", "*.lan", "a b", "-x", "http://x", "x:8443", "ä.lan"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither a host name nor an address"):
        checked_name(text)
