"""Run independent steps: an error of one does not stop the others, and the first is raised at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self


class ErrorCollector:
    """Logs each error where it happens and raises the first when the work is done, so that the alarm sees it.

    >>> with ErrorCollector(LOG) as errors:
    ...     for name in names:
    ...         with errors.collect(f"marking {name}"):
    ...             mark(name)
    """

    def __init__(self, log: logging.Logger) -> None:
        self.log = log
        self._errors: list[Exception] = []

    def __enter__(self) -> Self:
        """Begin without errors."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise the first collected error, unless another one has ended the work."""
        if error is None:
            self.raise_first()

    def raise_first(self) -> None:
        """Raise the first collected error, if there is one."""
        if self._errors:
            raise self._errors[0]

    @contextmanager
    def collect(self, step: str) -> Iterator[None]:
        """Run one step; an error ends this step only, and is logged under its name."""
        try:
            yield
        except Exception as error:
            self.log.exception("%s failed", step)
            self._errors.append(error)
