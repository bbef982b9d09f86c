"""A closing that broke off is finished by the schedule."""

from __future__ import annotations

from tests.conftest import Call, Person, now_ms


def test_a_closing_that_broke_off_is_finished(call: Call, person: Person) -> None:
    from chalicelib.services import purging  # noqa: PLC0415 - after the database's environment
    from chalicelib.storage import purges, users  # noqa: PLC0415

    device = person.device()
    device.call("POST", "/device/heartbeat")
    account = users.load(person.email)
    assert account is not None
    purges.add(f"account#{account.email}", now_ms())
    users.close(account, now_ms())
    purging.run(lambda: False, now_ms())
    assert users.load(person.email) is None
    assert device.call("POST", "/device/heartbeat").status == 401
    assert purges.some(10) == []
