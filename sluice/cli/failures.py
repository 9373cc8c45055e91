"""What a command's failure looks like and which exit code it has: one table.

0 done · 1 the answer is no · 2 wrong use or a wrong file · 3 nothing to talk to · 4 not allowed · 5 not there
"""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.text import Text

from sluice.cli import show
from sluice.client.errors import ClientError, NotConfigured, NotReachable, NotThere, Refused, Unauthorized
from sluice.client.scoring import RowInvalid
from sluice.domain.errors import Invalid

NO, USAGE, UNREACHABLE, FORBIDDEN, MISSING = 1, 2, 3, 4, 5


class AnswerIsNo(Exception):  # noqa: N818 - it is an answer
    """A training, upload or promotion ended without what was asked for; its text says how."""


_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (Unauthorized, FORBIDDEN),
    (NotThere, MISSING),
    (RowInvalid, USAGE),
    (NotConfigured, UNREACHABLE),
    (NotReachable, UNREACHABLE),
    (ClientError, NO),
    (Invalid, USAGE),
    (AnswerIsNo, NO),
)
EXPECTED = (ClientError, Invalid, AnswerIsNo)


def exit_code(error: Exception) -> int:
    return next(code for kind, code in _EXIT_CODES if isinstance(error, kind))


def report(error: Exception) -> int:
    """Print the failure on standard error; gives the exit code."""
    console = show.errors()
    console.print(Text("✗ ", style="red") + Text(str(error)))
    if isinstance(error, Invalid) and error.reasons:
        console.print(show.reasons([asdict(reason) for reason in error.reasons]))
    if isinstance(error, Refused):
        _report_problem(console, error)
    return exit_code(error)


def _report_problem(console: Console, error: Refused) -> None:
    errors: Sequence[show.Json] = error.problem.errors
    if errors:
        console.print(show.reasons(errors))
    if error.problem.correlation_id:
        console.print(f"correlation id {error.problem.correlation_id}", style="dim")
