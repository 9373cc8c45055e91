"""The one table of who may do what. Doors ask `require`; docs/permissions.md is printed from it.

A token has roles and a list of projects (or all). A role opens an action; the projects bound where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sluice.domain.errors import Forbidden
from sluice.domain.tenants import OPERATOR

if TYPE_CHECKING:
    from sluice.web.caller import Caller

Role = Literal["viewer", "contributor", "deployer", "approver", "invoker", "auditor", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "contributor", "deployer", "approver", "invoker", "auditor", "admin")

Scope = Literal["open", "operator", "tenant", "project"]
"""open: no token. operator: as tenant, and the tenant is the operating one. tenant: the token must be for
all projects. project: the token must name the project.
"""

_WHOLE: tuple[Scope, ...] = ("operator", "tenant")

_EVERYBODY = frozenset(ROLES)
_READERS = _EVERYBODY - {"invoker"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One action: which roles may take it, where, and through which routes it is reached."""

    action: str
    scope: Scope
    roles: frozenset[str]
    routes: tuple[str, ...]


def _rule(action: str, scope: Scope, roles: frozenset[str] | set[str], *routes: str) -> Rule:
    return Rule(action, scope, frozenset(roles), routes)


_API = "/sluice/v1"
_PROJECT = f"{_API}/projects/{{project}}"
_MODELS = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
_ENDPOINT = "/endpoints/{project}/{environment}"

RULES: tuple[Rule, ...] = (
    _rule("health.read", "open", _EVERYBODY, "GET /health", f"GET {_API}/health"),
    _rule(
        "interface.open",
        "open",
        _EVERYBODY,
        "GET /static-files/{file}",
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/openid",
        "GET /sign-in/openid/callback",
        "POST /sign-out",
    ),
    _rule(
        "platform.read",
        "project",
        _EVERYBODY,
        f"GET {_API}/openapi.json",
        f"GET {_API}/me",
        f"GET {_API}/signing-key",
        "GET /v2",
        "GET /v2/openapi.json",
        "GET /v2/health/live",
        "GET /v2/health/ready",
    ),
    _rule("project.push", "project", {"contributor", "admin"}, f"POST {_API}/projects"),
    _rule(
        "project.read",
        "project",
        _READERS,
        f"GET {_API}/projects",
        f"GET {_PROJECT}",
        f"GET {_PROJECT}/versions/{{version}}",
    ),
    _rule("upload.create", "project", {"contributor", "admin"}, f"POST {_PROJECT}/uploads"),
    _rule(
        "upload.read", "project", _READERS, f"GET {_PROJECT}/uploads", f"GET {_PROJECT}/uploads/{{upload_id}}"
    ),
    _rule("dataset.read", "project", _READERS, f"GET {_PROJECT}/datasets"),
    _rule(
        "training.start",
        "project",
        {"contributor", "admin"},
        f"POST {_PROJECT}/trainings",
        f"POST {_PROJECT}/trainings/{{training_id}}/retry",
    ),
    _rule(
        "training.read",
        "project",
        _READERS,
        f"GET {_PROJECT}/trainings",
        f"GET {_PROJECT}/trainings/{{training_id}}",
    ),
    _rule(
        "model.read",
        "project",
        _READERS,
        f"GET {_PROJECT}/models",
        f"GET {_PROJECT}/models/{{version}}",
        f"GET {_PROJECT}/models/{{version}}/card",
    ),
    _rule("model.export", "project", {"deployer", "admin"}, f"GET {_PROJECT}/models/{{version}}/bundle"),
    _rule("promotion.request", "project", {"deployer", "admin"}, f"POST {_PROJECT}/promotions"),
    # Not even admin: whoever runs the platform does not thereby answer for a model.
    _rule(
        "promotion.decide", "project", {"approver"}, f"POST {_PROJECT}/promotions/{{promotion_id}}/decisions"
    ),
    _rule(
        "promotion.read",
        "project",
        _READERS,
        f"GET {_PROJECT}/promotions",
        f"GET {_PROJECT}/promotions/{{promotion_id}}",
    ),
    _rule(
        "endpoint.read",
        "project",
        _EVERYBODY,
        f"GET {_PROJECT}/endpoints",
        f"GET {_PROJECT}/endpoints/{{environment}}",
        *(f"GET {model}" for model in _MODELS),
        *(f"GET {model}/ready" for model in _MODELS),
        *(f"GET {_ENDPOINT}/{word}" for word in ("ping", "health", "version")),
    ),
    _rule(
        "prediction.score",
        "project",
        {"invoker", "deployer", "admin"},
        *(f"POST {model}/infer" for model in _MODELS),
        f"POST {_ENDPOINT}/invocations",
        f"POST {_ENDPOINT}/score",
        *(f"POST {model}/explain" for model in _MODELS),
        f"POST {_ENDPOINT}/explain",
    ),
    _rule(
        "batch.start",
        "project",
        {"invoker", "deployer", "admin"},
        f"POST {_PROJECT}/batches",
        f"POST {_PROJECT}/batches/{{batch_id}}/cancel",
        f"POST {_PROJECT}/requests",
    ),
    # Results hold people's scores, as a story does.
    _rule(
        "batch.read",
        "project",
        _EVERYBODY - {"viewer"},
        f"GET {_PROJECT}/batches",
        f"GET {_PROJECT}/batches/{{batch_id}}",
        f"GET {_PROJECT}/batches/{{batch_id}}/parts",
        f"GET {_PROJECT}/requests/{{request_id}}",
    ),
    _rule("callback.read", "project", {"deployer", "admin"}, f"GET {_PROJECT}/callback-secret"),
    _rule("callback.rotate", "project", {"admin"}, f"POST {_PROJECT}/callback-secret/rotation"),
    # A story shows one person's values: viewers of models need not see those.
    _rule(
        "prediction.read",
        "project",
        _EVERYBODY - {"viewer"},
        f"GET {_API}/predictions/{{prediction_id}}",
        f"GET {_API}/predictions/{{prediction_id}}/explanation",
    ),
    _rule("entity.forget", "project", {"admin"}, f"POST {_PROJECT}/forgotten"),
    _rule("feedback.send", "project", {"invoker", "contributor", "admin"}, f"POST {_PROJECT}/feedback"),
    # A device that scored elsewhere: it may do no more there than it could have done here.
    _rule("edge.send", "project", {"invoker", "deployer", "admin"}, f"POST {_PROJECT}/edge-predictions"),
    _rule("drift.run", "project", {"contributor", "deployer", "admin"}, f"POST {_PROJECT}/drift"),
    _rule("drift.read", "project", _READERS, f"GET {_PROJECT}/drift", f"GET {_PROJECT}/drift/{{report_id}}"),
    _rule("lineage.read", "project", _READERS, f"GET {_PROJECT}/lineage"),
    _rule(
        "audit.read",
        "project",
        {"auditor", "admin"},
        f"GET {_PROJECT}/audit",
        f"GET {_PROJECT}/audit/verification",
    ),
    _rule(
        "token.administer",
        "tenant",
        {"admin"},
        f"GET {_API}/tokens",
        f"POST {_API}/tokens",
        f"DELETE {_API}/tokens/{{token_id}}",
    ),
    _rule(
        "tenant.administer",
        "operator",
        {"admin"},
        f"GET {_API}/tenants",
        f"POST {_API}/tenants",
        f"GET {_API}/tenants/{{tenant}}",
        f"DELETE {_API}/tenants/{{tenant}}",
        f"POST {_API}/tenants/{{tenant}}/tokens",
    ),
    _rule("tracking.collect", "tenant", {"admin"}, f"POST {_API}/tracking/garbage"),
    _rule("tracking.read", "project", _READERS, "MLflow: experiments, runs, metrics, artifacts (read)"),
    _rule(
        "tracking.write",
        "project",
        {"contributor", "admin"},
        "MLflow: experiments, runs, metrics, artifacts (write)",
    ),
    _rule("registry.read", "project", _EVERYBODY, "MLflow: registered models, versions, aliases (read)"),
    _rule(
        "registry.write",
        "project",
        {"contributor", "deployer", "admin"},
        "MLflow: registered models, versions, aliases (write)",
    ),
)

_BY_ACTION = {rule.action: rule for rule in RULES}


def require(caller: Caller, action: str, project: str | None = None) -> None:
    """Return if the caller may take the action (on that project); Forbidden says what is missing.

    Without a project only the roles are judged: the door then asks again when it knows the project,
    or shows only what `caller.sees`. KeyError for an action that is not in the table.
    """
    rule = _BY_ACTION[action]
    if rule.scope == "open":
        return
    if not caller.roles & rule.roles:
        raise Forbidden(f"{action} needs one of the roles {', '.join(sorted(rule.roles))}")
    if rule.scope in _WHOLE and not caller.sees_all:
        raise Forbidden(f"{action} needs a token for all projects")
    if rule.scope == "operator" and caller.tenant != OPERATOR:
        raise Forbidden(f"{action} needs a token of the operating tenant")
    if project is not None and not caller.sees(project):
        raise Forbidden(f"this token is not for project {project}")


def scope_of(action: str) -> Scope:
    """Where the action reaches; KeyError for one that is not in the table."""
    return _BY_ACTION[action].scope


def roles_of(action: str) -> frozenset[str]:
    return _BY_ACTION[action].roles


def actions_of(caller: Caller) -> list[str]:
    """The actions that the caller's roles open, in the order of the table."""
    return [
        rule.action
        for rule in RULES
        if caller.roles & rule.roles
        and (rule.scope not in _WHOLE or caller.sees_all)
        and (rule.scope != "operator" or caller.tenant == OPERATOR)
    ]


def render_markdown() -> str:
    """docs/permissions.md: one line an action, one column a role, and the routes behind each."""
    lines = [
        "# Permissions",
        "",
        "Who may do what. This page is printed from `sluice/web/permissions.py`, the one table doors ask",
        "(`python -m sluice.web.permissions > docs/permissions.md`); a test compares the two.",
        "A token also names its projects, or all of them: a `project` action reaches those only, and a",
        "`tenant` action needs a token for all projects, an `operator` action one of the operating tenant",
        "`default` besides. `open` needs no token.",
        "",
        f"| action | scope | {' | '.join(ROLES)} | routes |",
        f"|---|---|{'---|' * len(ROLES)}---|",
    ]
    for rule in RULES:
        marks = " | ".join("yes" if role in rule.roles else "" for role in ROLES)
        routes = "<br>".join(f"`{route}`" for route in rule.routes)
        lines.append(f"| {rule.action} | {rule.scope} | {marks} | {routes} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render_markdown(), end="")  # noqa: T201 - this command's output
