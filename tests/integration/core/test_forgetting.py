"""Every kind of write makes this process forget what it remembers of the item, whatever becomes of the write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pynamodb.exceptions import PynamoDBException

from chalicelib.core import read_cache
from chalicelib.core.dynamo import Transaction, connection
from chalicelib.core.errors import Unavailable
from chalicelib.core.local_dynamo import Unreachable
from chalicelib.core.settings import settings
from chalicelib.devices import store
from chalicelib.devices.model import Device
from chalicelib.devices.store import DeviceItem, load_device


@pytest.fixture(autouse=True)
def _only_writer(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    of_process = replace(settings(), is_only_writer=True)
    monkeypatch.setattr(read_cache, "settings", lambda: of_process)
    monkeypatch.setattr(read_cache, "_in_doubt_until", 0.0)


@pytest.fixture
def device() -> Device:
    made = Device("GW-forgetful", "u", "o", "Pi", 1)
    write = Transaction()
    DeviceItem(device_id=made.device_id).delete()
    store.put_new_device(write, made)
    assert write.commit()
    return made


def delete_in_a_batch(device: Device) -> None:
    store.delete_devices([device])


def update_in_a_transaction(device: Device) -> None:
    write = Transaction()
    store.put_pairing_notice(write, device, 5)
    assert write.commit()


WRITES: list[Callable[[Device], object]] = [
    lambda device: store.save_device_name(device, "Attic"),
    lambda device: DeviceItem(device_id=device.device_id).delete(),
    lambda device: store._item(replace(device, name="Cellar")).save(),  # noqa: SLF001 - a whole item
    delete_in_a_batch,
    update_in_a_transaction,
]


@pytest.mark.parametrize("write", WRITES, ids=["update", "delete", "put", "batch", "transaction"])
def test_a_write_is_seen_by_the_next_read(device: Device, write: Callable[[Device], object]) -> None:
    assert load_device(device.device_id) is load_device(device.device_id) is not None
    write(device)
    seen = load_device(device.device_id)
    assert seen == store._read_device(device.device_id) != device  # noqa: SLF001 - as stored


def test_a_refused_write_makes_forget_too(device: Device) -> None:
    known = load_device(device.device_id)
    assert not store.save_device_name(replace(device, device_uid="another"), "Attic")
    assert load_device(device.device_id) is not known


def test_after_a_write_without_an_answer_every_call_reads(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise Unreachable(address="here", error="gone")

    load_device(device.device_id)
    with monkeypatch.context() as patch:
        patch.setattr(type(connection()), "_make_api_call", unreachable)
        with pytest.raises((Unavailable, PynamoDBException)):
            store.save_device_name(device, "Attic")
    assert load_device(device.device_id) is not load_device(device.device_id)
