"""Exporting a place's data to a file, and importing it into another place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.backup import archive, tables
from infra.backup.archive import Archive
from infra.backup.errors import MoveError
from infra.backup.items import Item
from infra.backup.places import Place


def export_data(place: Place, to: Path) -> dict[str, int]:
    """Write all that is moved to a zip; returns how many items there are of each table."""

    def contents() -> Iterator[tuple[str, Iterator[Item]]]:
        for table in tables.moved(place.stage):
            yield table.name, tables.scan(place.client, table)

    return {name: entry.count for name, entry in archive.write(to, contents()).items()}


def import_data(place: Place, file: Path, *, replace: bool) -> dict[str, int]:
    """Put all of a zip into a place; returns how many items of each table are there then.

    Raises MoveError: the file is broken, some of it is there already and not to be replaced, or some did not arrive.
    """
    with archive.opened(file) as content:
        known = {table.name: table for table in tables.moved(place.stage)}
        if foreign := sorted(set(content.entries) - set(known)):
            raise MoveError(f"There is no table {', '.join(foreign)} here: use the version that wrote the file.")
        wanted = [table for name, table in known.items() if name in content.entries]
        if not replace:
            _check_absent(place, content, wanted)
        for table in wanted:
            tables.put(place.client, table, content.items(table.name))
        arrived = {table.name: tables.present(place.client, table, content.items(table.name)) for table in wanted}
    _compare({name: content.entries[name].count for name in arrived}, arrived)
    return arrived


def _check_absent(place: Place, content: Archive, wanted: list[tables.Table]) -> None:
    for table in wanted:
        if count := tables.present(place.client, table, content.items(table.name)):
            raise MoveError(
                f"{count} items of {table.name} are there already, and nothing was written. "
                "Choose an empty place, or add REPLACE=yes to put those of the file in their stead."
            )


def _compare(sent: dict[str, int], arrived: dict[str, int]) -> None:
    lost = {name: count - arrived[name] for name, count in sent.items() if arrived[name] != count}
    if lost:
        raise MoveError(f"Not all of it arrived: {lost}.")
