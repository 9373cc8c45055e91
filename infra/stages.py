"""What differs from one deployment to another, and nothing else."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_logs as logs

from sluice.web.permissions import Role


@dataclass(frozen=True)
class GroupAccess:
    """Whoever is in `group` (`*`: everybody whom the provider knows) gets these roles on these projects."""

    group: str
    roles: tuple[Role, ...]
    projects: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class OpenId:
    """Signing in to the web interface by an OpenID provider; docs/sign-in.md says what to register there.

    The first row of `access` whose group is among the groups claim decides. `secret_parameter` names a
    SecureString; None for a public client. Function variables hold 4 KB: about forty rows.
    """

    issuer: str
    client_id: str
    access: tuple[GroupAccess, ...]
    secret_parameter: str | None = None
    scopes: str = "openid email"
    principal_claim: str = "email"
    groups_claim: str = "groups"
    tenant: str = "default"


@dataclass(frozen=True)
class Readiness:
    """How much of the function that scores is kept ready. Nothing of it costs anything unless it is set.

    `reserved`: so many run at once at most, and that many are always free for it. `provisioned`: so many
    stand by, initialised and paid for by the hour. `snap_start`: a new one begins from a snapshot; each
    published version's is paid for while it exists, so old versions are deleted.
    """

    reserved: int | None = None
    provisioned: int | None = None
    snap_start: bool = False

    def __post_init__(self) -> None:
        if self.provisioned and self.snap_start:
            raise ValueError("Lambda has provisioned concurrency or SnapStart for a function, not both")


@dataclass(frozen=True)
class Stage:
    """A deployment's settings. `name` is part of every stack name and parameter path, and never changes.

    `callback_hosts`: who may be told of the end of batches and requests (`hooks.example.org`,
    `*.example.org:8443`); `callback_ca`: certificates (PEM) of an authority of your own that vouch for them.
    """

    name: str
    log_retention: logs.RetentionDays
    deletion_protection: bool
    audit_lock: Duration
    audit_lock_compliance: bool
    requests_per_second: int
    burst: int
    batch_concurrency: int
    log_level: str = "INFO"
    drift_check_every: Duration = Duration.hours(1)  # noqa: RUF009 - immutable
    scoring: Readiness = Readiness()
    tracking_retention: Duration = Duration.days(30)  # noqa: RUF009 - immutable
    artifact_root_mode: str = "proxied"
    public_origin: str | None = None
    s3_public_endpoint: str | None = None
    openid: OpenId | None = None
    callback_hosts: tuple[str, ...] = ()
    callback_ca: str | None = None


def _stages() -> dict[str, Stage]:
    dev = Stage(
        name="dev",
        log_retention=logs.RetentionDays.ONE_WEEK,
        deletion_protection=False,
        audit_lock=Duration.days(1),
        audit_lock_compliance=False,
        requests_per_second=500,
        burst=1000,
        batch_concurrency=4,
    )
    prod = Stage(
        name="prod",
        log_retention=logs.RetentionDays.THREE_MONTHS,
        deletion_protection=True,
        audit_lock=Duration.days(400),
        audit_lock_compliance=True,
        requests_per_second=2000,
        burst=4000,
        batch_concurrency=100,
    )
    return {stage.name: stage for stage in (dev, prod)}


def stage_named(name: str) -> Stage:
    """The settings of a stage; ValueError names the stages there are."""
    stages = _stages()
    if name not in stages:
        raise ValueError(f"unknown stage {name!r}: expected one of {', '.join(sorted(stages))}")
    return stages[name]
