"""Starting the stack of this machine while telling what happens."""

from typing import TYPE_CHECKING

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo

if TYPE_CHECKING:
    from sluice.local.stack import StackStatus


def start_stack(profile: str, port: int | None = None) -> "StackStatus":
    """The running stack. AnswerIsNo says which part did not start."""
    from sluice.local import stack  # noqa: PLC0415 - what talks to AWS loads slowly

    console = show.console()
    with console.status("starting") as spinner:

        def say(text: str) -> None:
            spinner.update(text)
            if not console.is_terminal:
                console.print(f"  {text}", style="dim")

        try:
            return stack.up(profile, port, on_progress=say)
        except stack.FAILURES as error:
            raise AnswerIsNo(str(error)) from error
