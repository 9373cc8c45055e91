"""What can go wrong between a person's machine and a deployment.

ClientError
├── NotConfigured    nobody said where the deployment is
├── NotReachable     it is said, but nothing answers there
└── Refused          it answered no; `problem` says why
    ├── Unauthorized
    └── NotThere
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class ClientError(Exception):
    """Base of all; its text is for the person at the terminal."""


class NotConfigured(ClientError):  # noqa: N818 - the field's word
    """There is no profile of this name, and no SLUICE_API_URL."""


class NotReachable(ClientError):  # noqa: N818
    """Nothing answers at the address."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem, or what another protocol's error body comes to in its terms."""

    status: int
    title: str
    detail: str
    code: str = ""
    correlation_id: str = ""
    errors: Sequence[Mapping[str, Any]] = ()


class Refused(ClientError):  # noqa: N818
    """The deployment answered with an error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.title}: {problem.detail}" if problem.detail else problem.title)
        self.problem = problem


class Unauthorized(Refused):
    """No token, a wrong one, or one whose roles do not reach."""


class NotThere(Refused):
    """The thing named does not exist."""
