"""What can go wrong, as a tree. Doors map it to their protocol's form in one table each.

SluiceError
├── NotFound            the thing named does not exist (for this tenant)
├── Conflict            the thing is in a state that does not allow this
│   └── AlreadyExists
├── Invalid             the input is wrong; `reasons` say where
│   └── TooLarge
├── Forbidden           this caller may not
├── IntegrityError      stored bytes are not the bytes that were recorded
└── Unavailable         a store refused for now; try again
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was refused, in the terms of whoever has to mend it."""

    path: str
    message: str
    value: str | None = None
    expected: str | None = None


class SluiceError(Exception):
    """Base of all expected errors; its text may be shown to the caller."""


class NotFound(SluiceError):  # noqa: N818 - the field's word
    """The thing named does not exist for this tenant."""


class Conflict(SluiceError):  # noqa: N818
    """The thing is in a state that does not allow this."""


class AlreadyExists(Conflict):
    """Something else has this name already."""


class Invalid(SluiceError):  # noqa: N818
    """The input is wrong; `reasons` say where and what was expected."""

    def __init__(self, message: str, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)

    @classmethod
    def about(cls, path: str, message: str, value: str | None = None, expected: str | None = None) -> Self:
        """For one reason, whose message says it all."""
        return cls(message, [Reason(path, message, value, expected)])


class TooLarge(Invalid):
    """The input is over a size limit."""


class Forbidden(SluiceError):  # noqa: N818
    """This caller may not do this."""


class IntegrityError(SluiceError):
    """Stored bytes are not the bytes that were recorded."""


class Unavailable(SluiceError):  # noqa: N818
    """A store refused for now; the same call may be repeated."""
