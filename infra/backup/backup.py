"""Export the data of a PC or a stage to a file, and import it into another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.backup import archive, tables
from infra.backup.archive import Archive, BackupError, Item
from infra.backup.endpoints import Endpoint


def export_data(endpoint: Endpoint, to: Path) -> dict[str, int]:
    """Write all backed-up tables to a zip.

    Returns:
        The number of items by table.
    """

    def contents() -> Iterator[tuple[str, Iterator[Item]]]:
        for table in tables.backed_up_tables(endpoint.stage):
            yield table.name, tables.scan(endpoint.client, table)

    return {name: entry.count for name, entry in archive.write(to, contents()).items()}


def import_data(endpoint: Endpoint, file: Path, *, replace: bool) -> dict[str, int]:
    """Put all items of a zip into the tables of an endpoint.

    Args:
        endpoint: Where the items go.
        file: The zip.
        replace: Whether items with the same keys are replaced.

    Returns:
        The number of items by table that are there afterwards.

    Raises:
        BackupError: The file is broken, some items are there already and may not be replaced, or some did not arrive.
    """
    with archive.opened(file) as content:
        tables_by_name = {table.name: table for table in tables.backed_up_tables(endpoint.stage)}
        if unknown := sorted(set(content.entries) - set(tables_by_name)):
            raise BackupError(f"There is no table {', '.join(unknown)} here: use the version that wrote the file.")
        restored = [table for name, table in tables_by_name.items() if name in content.entries]
        if not replace:
            _check_absent(endpoint, content, restored)
        for table in restored:
            tables.put(endpoint.client, table, content.items(table.name))
        arrived = {table.name: tables.present(endpoint.client, table, content.items(table.name)) for table in restored}
    _compare({name: content.entries[name].count for name in arrived}, arrived)
    return arrived


def _check_absent(endpoint: Endpoint, content: Archive, restored: list[tables.Table]) -> None:
    for table in restored:
        if count := tables.present(endpoint.client, table, content.items(table.name)):
            raise BackupError(
                f"{count} items of {table.name} are there already, and nothing was written. "
                "Choose an empty endpoint, or add REPLACE=yes to put those of the file in their stead."
            )


def _compare(sent: dict[str, int], arrived: dict[str, int]) -> None:
    lost = {name: count - arrived[name] for name, count in sent.items() if arrived[name] != count}
    if lost:
        raise BackupError(f"Not all of it arrived: {lost}.")
