"""Errors as HTTP: each class of the tree, and whatever is derived from one, has a status."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import GhostwattError, Invalid, Unavailable
from chalicelib.core.responses import STATUS, failure


@pytest.mark.parametrize("kind", [*STATUS, GhostwattError])
def test_a_class_that_is_derived_from_an_error_has_its_status(kind: type[GhostwattError]) -> None:
    derived = type("Derived", (kind,), {})
    answer = failure(derived("It is wrong.", code="wrong", retry_after_seconds=3))
    assert answer.status_code == STATUS.get(kind, 500)
    assert answer.headers["Retry-After"] == "3"


def test_of_two_classes_the_nearer_one_counts() -> None:
    class Both(Invalid, Unavailable):
        pass

    assert failure(Both("It is wrong.", code="wrong")).status_code == 422
