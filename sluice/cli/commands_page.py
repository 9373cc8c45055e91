"""docs/commands.md, printed from the commands themselves: `python -m sluice.cli.commands_page`."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from sluice.cli.app import app

_HEAD = """\
# Commands

Printed from the commands themselves (`python -m sluice.cli.commands_page > docs/commands.md`); a test
compares the two.

`--profile NAME` chooses a stack on this machine; without it, `default`. For a deployment elsewhere set
`SLUICE_API_URL` and `SLUICE_TOKEN`. On this machine each command uses the token of the role it needs;
`--as ROLE` uses another one's.

Exit codes: 0 done · 1 the answer is no (rejected, refused) · 2 wrong use or a wrong file · 3 nothing to
talk to · 4 not allowed · 5 not there.

| command | what it does |
|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    rows = [f"| `sluice {usage}` | {text} |" for usage, text in _commands("", get_command(app))]
    return _HEAD + "\n".join(rows) + "\n"


def _commands(path: str, command: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - typer's own click
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _commands(f"{path} {name}".strip(), inner)
        return
    words = [path, *filter(None, (_usage(parameter) for parameter in command.params))]
    yield " ".join(words), " ".join((command.help or "").split())


def _usage(parameter: Any) -> str:  # noqa: ANN401
    if parameter.param_type_name == "argument":
        name = str(parameter.name).upper()
        return name if parameter.required else f"[{name}]"
    longest = max(parameter.opts, key=len)
    value = "" if parameter.is_flag else f" {longest.removeprefix('--').upper()}"
    return f"{longest}{value}" if parameter.required else f"[{longest}{value}]"


if __name__ == "__main__":
    print(page(), end="")
