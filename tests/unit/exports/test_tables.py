"""The tables of an export: their columns are the fields of the contract, in its order."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from chalicelib.energy.schemas import SavingPart
from chalicelib.exports import tables
from chalicelib.notifications.schemas import NotificationPart, PhantomEventPart
from chalicelib.readings.history_schemas import UsagePoint


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        (tables.EVENT_COLUMNS, PhantomEventPart),
        (tables.NOTIFICATION_COLUMNS, NotificationPart),
        (tables.SAVING_COLUMNS, SavingPart),
        (tables.USAGE_COLUMNS, UsagePoint),
    ],
)
def test_columns_are_the_fields_of_the_contract(columns: Mapping[str, str], part: type[msgspec.Struct]) -> None:
    assert list(columns) == [field.encode_name for field in msgspec.structs.fields(part)]
