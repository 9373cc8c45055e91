"""Tenants: each sees a server of its own. Needs an administrator's token of the operating tenant."""

import time
from typing import Annotated

import typer

from sluice.cli import show
from sluice.cli.session import AsJson, session_of

app = typer.Typer(help="Tenants: each sees a server of its own.")

_Name = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's name.")]
_COLUMNS: dict[str, str | show.Cell] = {
    "tenant": "name",
    "status": "status",
    "created": lambda item: show.moment(item["created_at"]),
    "by": "created_by",
    "removed": lambda item: _counts(item["removed"]),
}
_PAUSE = 2.0


@app.command("create")
def create(context: typer.Context, tenant: _Name, as_json: AsJson = False) -> None:
    """Make a tenant; prints an administrator's token of it, which cannot be had again."""
    _show_token(session_of(context).api("admin").create_tenant(tenant), as_json=as_json)


@app.command("token")
def token(context: typer.Context, tenant: _Name, as_json: AsJson = False) -> None:
    """Print a further administrator's token of a tenant, for when the first one was lost."""
    _show_token(session_of(context).api("admin").issue_tenant_token(tenant), as_json=as_json)


@app.command("list")
def list_tenants(context: typer.Context, as_json: AsJson = False) -> None:
    """Tenants by name, with what the deletion of some has taken away so far."""
    show.listing(session_of(context).api("admin").tenants(), _COLUMNS, as_json=as_json)


@app.command("delete")
def delete(
    context: typer.Context,
    tenant: _Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until everything is gone.")] = False,
) -> None:
    """Close a tenant at once and take away all it has, but its audit chain. The name stays taken."""
    if not yes:
        typer.confirm(f"Delete tenant {tenant} and everything in it, for good?", abort=True)
    api = session_of(context).api("admin")
    found = api.delete_tenant(tenant)
    while wait and found["status"] == "deleting":
        time.sleep(_PAUSE)
        found = api.tenant(tenant)
    removed = _counts(found["removed"])
    show.console().print(f"✓ {tenant} is {found['status']}" + (f": {removed}" if removed else ""))


def _show_token(made: show.Json, *, as_json: bool) -> None:
    if as_json:
        show.dump(made)
        return
    show.errors().print(f"✓ tenant {made['name']}; its administrator's token, shown this once:")
    print(made["token"])


def _counts(removed: show.Json) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(removed.items()) if count)
