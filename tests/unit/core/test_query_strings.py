"""Queries are decoded strictly; an error names the parameter."""

from __future__ import annotations

import pytest

from chalicelib.core.decoding import decode_query
from chalicelib.core.errors import GhostwattError, Invalid, NotFound
from chalicelib.core.schemas import PageQuery, PortPageQuery, SpanQuery
from chalicelib.core.times import LATEST_MS
from chalicelib.readings.history_queries import HistoryQuery


def refused(parameters: dict[str, str], into: type) -> GhostwattError:
    with pytest.raises(GhostwattError) as error:
        decode_query(parameters, into)
    return error.value


def test_without_parameters_each_has_its_default() -> None:
    assert decode_query({}, PageQuery) == PageQuery(limit=50, cursor=None)
    assert decode_query({}, SpanQuery).span_ms == (0, LATEST_MS)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "", "1.5", "1.0", "1e1", "٣", "null", "9" * 40])
def test_a_limit_out_of_range_names_the_limit(limit: str) -> None:
    error = refused({"limit": limit}, PageQuery)
    assert isinstance(error, Invalid)
    assert error.field == "limit"


def test_leading_zeros_are_no_error() -> None:
    assert decode_query({"limit": "007"}, PageQuery).limit == 7


def test_a_choice_has_no_other_word_for_none() -> None:
    error = refused({"resolution": "null"}, HistoryQuery)
    assert isinstance(error, Invalid)
    assert error.field == "resolution"


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1700000000000", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T23:13:20 01:00", 1_700_000_000_000),  # the plus of the offset came as a blank
    ],
)
def test_a_moment_is_iso_or_epoch_milliseconds(text: str, at_ms: int) -> None:
    assert decode_query({"from": text}, SpanQuery).span_ms == (at_ms, LATEST_MS)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"from": "soon"}, "from"), ({"to": "late"}, "to"), ({"from": "2000000000000", "to": "1000000000000"}, "from")],
)
def test_a_span_that_is_none_names_what_is_wrong(parameters: dict[str, str], field: str) -> None:
    error = refused(parameters, SpanQuery)
    assert isinstance(error, Invalid)
    assert error.field == field


@pytest.mark.parametrize("port_id", ["", "x" * 129])
def test_what_cannot_be_the_id_of_an_outlet_is_not_found(port_id: str) -> None:
    assert isinstance(refused({"portId": port_id}, PortPageQuery), NotFound)


def test_unknown_parameters_are_ignored() -> None:
    assert decode_query({"fbclid": "x"}, PageQuery) == PageQuery()
