"""The stack on this machine, and checks of any deployment: up, down, status, reset, env, smoke, demo."""

import shlex
import time
from dataclasses import asdict
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.session import AsJson, session_of
from sluice.cli.start_stack import start_stack
from sluice.client.errors import NotConfigured

_DAY = 86_400


def up(
    context: typer.Context,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Leave it running and return.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Of everything; the last one by default.")
    ] = None,
) -> None:
    """Start the platform on this machine: deploy it into an embedded AWS. What is there is kept."""
    from sluice.local import stack  # noqa: PLC0415 - what talks to AWS loads slowly

    session = session_of(context)
    started = time.monotonic()
    described = start_stack(session.profile, port)
    show.console().print(f"ready after {time.monotonic() - started:.0f} s\n", style="green")
    _print_document(asdict(described))
    if detach:
        show.console().print(f"\nstop it: {session.command('down')}", style="dim")
        return
    show.console().print("\nrunning until Ctrl-C (or use --detach)", style="dim")
    try:
        while True:
            time.sleep(_DAY)
    except KeyboardInterrupt:
        stack.down(session.profile)
        show.console().print("stopped; its state is kept")


def down(context: typer.Context) -> None:
    """Stop the stack on this machine. Its state is kept for the next `up`."""
    from sluice.local import stack  # noqa: PLC0415

    stopped = stack.down(session_of(context).profile)
    show.console().print("stopped; its state is kept" if stopped else "it did not run")


def reset(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the stack on this machine and delete everything in it."""
    from sluice.local import stack  # noqa: PLC0415

    profile = session_of(context).profile
    if not yes:
        typer.confirm(f"Delete all data, models and records of profile {profile}?", abort=True)
    stack.reset(profile)
    show.console().print(f"profile {profile} is empty")


def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Whether it runs, where it answers, and the tokens for it."""
    session = session_of(context)
    if session.is_elsewhere:
        caller = session.api("viewer").me()
        document = {"state": "running", "api_url": session.connection.api_url, "caller": caller}
    else:
        from sluice.local import stack  # noqa: PLC0415

        document = asdict(stack.status(session.profile))
    if as_json:
        show.dump(document)
    else:
        _print_document(document)


def env(context: typer.Context) -> None:
    """Shell variables for AWS, MLflow and inference clients: eval "$(sluice env)"."""
    status = session_of(context).connection.status
    if not status:
        raise NotConfigured("only a stack on this machine has these variables")
    variables = {
        "AWS_ENDPOINT_URL": status["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": status["region"],
        "AWS_ACCESS_KEY_ID": status["account"],
        "AWS_SECRET_ACCESS_KEY": "local",
        "MLFLOW_TRACKING_URI": status["tracking_uri"],
        "MLFLOW_TRACKING_TOKEN": status["tokens"]["contributor"],
        "OIP_URL": status["api_url"],
        "OIP_TOKEN": status["tokens"]["invoker"],
        "SLUICE_DATA_BUCKET": status["data_bucket"],
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def demo(context: typer.Context) -> None:
    """Everything once, on real data, on a stack of its own (profile demo). Takes a few minutes."""
    from sluice.cli.demo.run import run_demo  # noqa: PLC0415

    del context
    run_demo()


def smoke(context: typer.Context) -> None:
    """Prove a deployment: train the credit example, approve it, score, and tell the story."""
    from sluice.cli.demo.smoke import run_smoke  # noqa: PLC0415

    run_smoke(session_of(context))


def _print_document(document: show.Json) -> None:
    names = ("state", "api_url", "tracking_uri", "console_url", "data_bucket", "aws_endpoint_url", "region")
    fields = [(name.replace("_", " "), document.get(name)) for name in (*names, "account")]
    if tokens := document.get("tokens"):
        fields.append(("tokens", f"one for each of {', '.join(tokens)} (with --json)"))
    if caller := document.get("caller"):
        fields += [("principal", caller["principal"]), ("roles", ", ".join(caller["roles"]))]
    title = document.get("profile") or "deployment"
    show.console().print(show.card(f"Sluice · {title}", fields))
    for warning in document.get("warnings") or ():
        show.console().print(f"! {warning}", style="yellow")
