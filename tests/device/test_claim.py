from __future__ import annotations

import threading
from pathlib import Path

from ghostwatt_pi.cloud.backoff import MOST_SECONDS, Backoff
from ghostwatt_pi.cloud.claim import Claimer, ClaimFailed, ClaimState
from ghostwatt_pi.cloud.http import HttpClient
from ghostwatt_pi.data_directory import DataDirectory

from .conftest import RecordedLog, until
from .fake_cloud import FakeCloud


class Claiming:
    """A claim in its own thread."""

    def __init__(self, cloud: FakeCloud, folder: Path) -> None:
        self.directory, self.log, self.state, self.stop = (
            DataDirectory(folder),
            RecordedLog(),
            ClaimState(),
            threading.Event(),
        )
        self.paired: bool | None = None
        self.failure = ""
        self._url = cloud.url
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            with HttpClient(self._url) as cloud:
                self.paired = Claimer(self.directory, cloud, "GW-1", self.state, self.log, self.stop).claim()
        except ClaimFailed as error:
            self.failure = str(error)

    def wait(self) -> bool | None:
        self._thread.join(15)
        assert not self._thread.is_alive()
        return self.paired


def test_a_claim_shows_its_code_and_ends_with_the_key(cloud: FakeCloud, tmp_path: Path) -> None:
    claiming = Claiming(cloud, tmp_path)
    until(lambda: cloud.count("/device/claim/token") >= 2)
    assert claiming.log.of("claim")[0]["userCode"] == "ABCD-2345"
    assert claiming.state.claim is not None
    assert claiming.directory.read_key() is None
    cloud.claim_state = "approved"
    assert claiming.wait() is True
    assert claiming.directory.read_key() == "key-1"
    assert claiming.log.of("paired") == [{"deviceId": "GW-1"}]
    assert claiming.state.claim is None


def test_slow_down_makes_the_interval_five_seconds_longer(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.fail("/device/claim/token", 400, {"code": "slow_down"})
    cloud.claim_state = "approved"
    claiming = Claiming(cloud, tmp_path)
    assert claiming.wait() is True
    first, second = (at for path, at in cloud.calls if path == "/device/claim/token")
    assert second - first >= 5


def test_an_expired_code_is_replaced_by_a_new_one(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.fail("/device/claim/token", 400, {"code": "expired_token"})
    cloud.claim_state = "approved"
    claiming = Claiming(cloud, tmp_path)
    assert claiming.wait() is True
    assert cloud.count("/device/claim") == 2
    assert len(claiming.log.of("claim_expired")) == 1


def test_a_denied_claim_ends(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.claim_state = "access_denied"
    claiming = Claiming(cloud, tmp_path)
    assert claiming.wait() is None
    assert "denied" in claiming.failure


def test_an_owned_device_says_how_to_go_on(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.owned = True
    claiming = Claiming(cloud, tmp_path)
    claiming.wait()
    assert "ghostwatt-pi claim --new-identity" in claiming.failure


def test_a_claim_outlives_an_outage(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.fail("/device/claim", 503)
    cloud.fail("/device/claim/token", 0)
    cloud.claim_state = "approved"
    assert Claiming(cloud, tmp_path).wait() is True


def test_an_outage_while_unpaired_is_two_lines_however_long_it_is(cloud: FakeCloud, tmp_path: Path) -> None:
    for _ in range(3):
        cloud.fail("/device/claim", 503)
    cloud.fail("/device/claim/token", 503)
    cloud.claim_state = "approved"
    claiming = Claiming(cloud, tmp_path)
    until(lambda: claiming.log.of("paired"))
    names = [event for event, _ in claiming.log]
    assert names == ["away", "back", "claim", "away", "back", "paired"]


def test_a_key_that_comes_another_way_ends_the_claim(cloud: FakeCloud, tmp_path: Path) -> None:
    claiming = Claiming(cloud, tmp_path)
    until(lambda: claiming.log.of("claim"))
    claiming.directory.save_key("by hand")
    assert claiming.wait() is True
    assert claiming.directory.read_key() == "by hand"


def test_a_claim_can_be_stopped_while_it_waits_for_its_next_poll(cloud: FakeCloud, tmp_path: Path) -> None:
    cloud.claim_interval_seconds = 3600
    claiming = Claiming(cloud, tmp_path)
    until(lambda: claiming.log.of("claim"))
    claiming.stop.set()
    assert claiming.wait() is False
    assert cloud.count("/device/claim/token") == 0


def test_backoff_grows_to_a_bound_is_random_and_never_below_what_was_asked() -> None:
    backoff = Backoff()
    waits = [backoff.next_seconds() for _ in range(40)]
    assert all(0 <= wait <= min(MOST_SECONDS, 2**index) for index, wait in enumerate(waits))
    assert len({round(wait, 6) for wait in waits}) > 30
    assert 30 <= backoff.next_seconds(30) <= 30 + MOST_SECONDS
    backoff.reset()
    assert backoff.next_seconds() <= 1
