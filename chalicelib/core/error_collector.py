"""Work for many, each of which stands for itself: what fails for one holds up no other, and is told in the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Apart:
    """Leaving it raises the first error of its pieces, for the alarm; each is logged where it happens.

    >>> with Apart(log) as apart:
    ...     for name in names:
    ...         with apart.one(f"marking {name}"):
    ...             mark(name)
    """

    log: logging.Logger
    errors: list[Exception] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Nothing has failed yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The end, unless something else ended the work."""
        if error is None:
            self.finish()

    def finish(self) -> None:
        """Raise the first error, if there was one."""
        if self.errors:
            raise self.errors[0]

    @contextmanager
    def one(self, what: str) -> Iterator[None]:
        """One piece of work, named for the log; an error ends it, and only it."""
        try:
            yield
        except Exception as error:
            self.log.exception("%s failed", what)
            self.errors.append(error)
