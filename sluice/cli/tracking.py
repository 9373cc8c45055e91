"""The tracking server: things that were deleted go for good; things of other servers come in, and go out."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.failures import AnswerIsNo
from sluice.cli.session import AsJson, Session, session_of
from sluice.cli.transfer_progress import watching
from sluice.client.transfer import MlflowServer, Report, Selection, basic, bearer, server_called, transfer
from sluice.client.transfer.report import OUTCOMES
from sluice.domain.errors import Invalid

app = typer.Typer(help="The tracking server: garbage, import and export.")

_DAYS = {"d": 1.0, "h": 1 / 24, "m": 1 / 1440}

_Experiment = Annotated[
    list[str] | None, typer.Option("--experiment", help="Only this one; may be repeated.")
]
_Model = Annotated[
    list[str] | None,
    typer.Option(
        "--model", help="Only this registered model, and the runs it was made from; may be repeated."
    ),
]
_Token = Annotated[
    str, typer.Option("--token", envvar="SLUICE_OTHER_TOKEN", help="The other server's token.")
]
_Username = Annotated[
    str, typer.Option("--username", envvar="SLUICE_OTHER_USERNAME", help="The other server's user.")
]
_Password = Annotated[
    str, typer.Option("--password", envvar="SLUICE_OTHER_PASSWORD", help="Better given by the environment.")
]
_Verify = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Read every copied file back and compare its digest.")
]
_Deep = Annotated[bool, typer.Option("--deep", help="Look into runs that ended and seem unchanged, too.")]


@app.command("gc")
def collect_garbage(
    context: typer.Context,
    older_than: Annotated[
        str, typer.Option("--older-than", help="Deleted so long ago (30d, 12h, 0d); else the deployment's.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    forced: Annotated[
        bool, typer.Option("--force", help="Also runs that model versions were made from.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove for good what was deleted: experiments, runs, models, with every version of their files."""
    api = session_of(context).api("admin")
    body = {"older_than_days": _days(older_than), "dry_run": dry_run, "forced": forced}
    removed: dict[str, int] = {}
    kept: dict[str, int] = {}
    reasons: list[show.Json] = []
    after, complete = "", False
    while not complete:
        found = api.collect_garbage(body | {"after": after})
        for total, counts in ((removed, found["removed"]), (kept, found["kept"])):
            total |= {kind: total.get(kind, 0) + count for kind, count in counts.items()}
        reasons += found["reasons"]
        complete = found["following"] is None
        if found["following"] == after and not (found["removed"] and not dry_run):
            break
        after = found["following"] or ""
    if as_json:
        show.dump({"removed": removed, "kept": kept, "reasons": reasons, "complete": complete})
        return
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(removed.items())) or "nothing"
    show.console().print(("would remove " if dry_run else "✓ removed ") + counts)
    for reason in reasons:
        show.console().print(f"kept {reason['kind']} {reason['id']}: {reason['reason']}", style="dim")
    if not complete:
        raise AnswerIsNo("there is more than one go can look at: start it again")


def _add_move(verb: str, option: str, role: str, words: str) -> None:
    """Import and export are one command, in two directions."""

    @app.command(verb, help=words)
    def move(  # noqa: PLR0913, PLR0917 - one option each
        context: typer.Context,
        uri: Annotated[str, typer.Option(option, metavar="URI", help="The other MLflow server.")],
        experiment: _Experiment = None,
        model: _Model = None,
        token: _Token = "",
        username: _Username = "",
        password: _Password = "",
        verify: _Verify = True,
        deep: _Deep = False,
        as_json: AsJson = False,
    ) -> None:
        session = session_of(context)
        servers = _other(session, uri, token, username, password), _ours(session, role)
        source, target = servers if verb == "import" else servers[::-1]
        chosen = Selection(experiment or (), model or ())
        with source, target, watching(quiet=as_json) as watcher:
            report = transfer(source, target, chosen, watcher, verify=verify, deep=deep)
        _tell(report, as_json=as_json)
        if report.failed:
            raise AnswerIsNo(f"{report.failed} could not be copied; start it again when that is mended")


_WHAT = "Copy experiments, runs, files and registered models"
_add_move("import", "--from", "contributor", f"{_WHAT} from another MLflow server; again: what is new.")
_add_move("export", "--to", "viewer", f"{_WHAT} to another MLflow server; again: what is new.")


def _tell(report: Report, *, as_json: bool) -> None:
    kinds = list(dict.fromkeys(kind for kind, _ in report.counts))
    rows = [{"what": kind} | {one: report.counts[kind, one] for one in OUTCOMES} for kind in kinds]
    if as_json:
        show.dump({"counts": rows, "notes": report.notes})
        return
    show.listing(rows, {name: name for name in ("what", *OUTCOMES)}, as_json=False)
    for note in report.notes:
        show.console().print(f"· {note}")


def _other(session: Session, uri: str, token: str, username: str, password: str) -> MlflowServer:
    given = bearer(token) if token else basic(username, password) if username else ""
    return server_called(uri, given, session.environment, Path.home())


def _ours(session: Session, role: str) -> MlflowServer:
    connection = session.connection
    return MlflowServer(connection.api_url, bearer(connection.token(session.role or role)))


def _days(text: str) -> float | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([dhm])", text)
    if not found:
        raise Invalid(f"--older-than takes a number and d, h or m, such as 30d, not {text[:20]!r}")
    return float(found[1]) * _DAYS[found[2]]
