from __future__ import annotations

from chalicelib.notifications.channels import SUBJECTS, subject_of
from chalicelib.notifications.model import NOTIFICATION_KINDS


def test_each_kind_of_notification_has_a_subject_of_its_own() -> None:
    assert set(NOTIFICATION_KINDS) | {"test"} == set(SUBJECTS)
    assert len(set(SUBJECTS.values())) == len(SUBJECTS)


def test_a_kind_of_a_later_version_gets_a_subject_too() -> None:
    assert subject_of("not known yet") == "Ghostwatt: News of your home"
