"""The tables of an export: their columns are the fields of the contract, in its order."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.detection.schemas import PhantomEventPart
from chalicelib.energy.schemas import SavingPart
from chalicelib.exports import tables
from chalicelib.exports.tables import Table
from chalicelib.notifications.schemas import NotificationPart
from chalicelib.readings.history_schemas import UsagePoint


@pytest.mark.parametrize(
    ("table", "part"),
    [
        (tables.PHANTOM_EVENTS, PhantomEventPart),
        (tables.NOTIFICATIONS, NotificationPart),
        (tables.SAVINGS, SavingPart),
        (tables.USAGES, UsagePoint),
    ],
    ids=lambda parameter: getattr(parameter, "path", ""),
)
def test_columns_are_the_fields_of_the_contract(table: Table[Any], part: type[msgspec.Struct]) -> None:
    assert list(table.names) == [field.encode_name for field in msgspec.structs.fields(part)]
