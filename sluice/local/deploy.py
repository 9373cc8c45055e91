"""Deploying a cloud assembly into the embedded AWS with boto3 alone, as the CDK CLI does it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError, WaiterError

from sluice.local.profile import ACCOUNT, REGION
from sluice.local.session import client_config, root_session
from sluice.local.templates import allow_plain_http

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP = ("/cdk-bootstrap/hnb659fds/version", "30")
DIGEST_TAG = "sluice:template"
# The whole template's age: one moment for every file of a zip, so that equal content is an equal archive.
MOMENT = (2020, 1, 1, 0, 0, 0)


Event = Literal["stack_create_complete", "stack_update_complete", "stack_delete_complete"]
# A stack in one of these was never there and cannot be updated; in one of those it is what its tag says.
NEVER_CREATED = ("CREATE_FAILED", "CREATE_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
CURRENT = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


class DeployError(Exception):
    """A stack could not be deployed; the message lists its failed resources."""


@dataclass(frozen=True)
class StackArtifact:
    """One stack of a cloud assembly: its name, template file and asset list."""

    name: str
    template: Path
    assets: Path


def deploy(assembly: Path, endpoint: str, on_progress: Callable[[str], None]) -> list[str]:
    """Bring every stack of the assembly to its template; the names of those that changed."""
    session = root_session()
    s3 = session.client("s3", endpoint_url=endpoint, config=client_config())
    cloudformation = session.client("cloudformation", endpoint_url=endpoint, config=client_config())
    ssm = session.client("ssm", endpoint_url=endpoint, config=client_config())
    if not _has_bucket(s3):
        s3.create_bucket(Bucket=ASSETS)
        ssm.put_parameter(Name=BOOTSTRAP[0], Value=BOOTSTRAP[1], Type="String", Overwrite=True)
    stacks = stacks_in_order(assembly)
    return [stack.name for stack in stacks if _deploy_stack(s3, cloudformation, stack, on_progress)]


def stacks_in_order(assembly: Path) -> Iterator[StackArtifact]:
    """The stacks of the assembly, each after those it depends on."""
    artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: a for name, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    done: set[str] = set()
    while len(done) < len(stacks):
        ready = [n for n, a in stacks.items() if n not in done and not _pending(a, stacks, done)]
        for name in ready:
            properties = stacks[name]["properties"]
            template = assembly / properties["templateFile"]
            yield StackArtifact(
                properties.get("stackName", name),
                template,
                assembly / f"{template.name.split('.')[0]}.assets.json",
            )
        done.update(ready)


def _pending(artifact: dict[str, Any], stacks: dict[str, Any], done: set[str]) -> bool:
    return any(name in stacks and name not in done for name in artifact.get("dependencies", []))


def _deploy_stack(
    s3: "S3Client",
    cloudformation: "CloudFormationClient",
    stack: StackArtifact,
    on_progress: Callable[[str], None],
) -> bool:
    template = json.dumps(allow_plain_http(json.loads(stack.template.read_text())))
    digest = hashlib.sha256(template.encode()).hexdigest()
    deployed = _deployed_digest(cloudformation, stack.name)
    if deployed == digest:
        return False
    for source, key in _file_assets(stack):
        _publish(s3, source, key)
    key = f"{digest}.json"
    s3.put_object(Bucket=ASSETS, Key=key, Body=template.encode())
    arguments: dict[str, Any] = {
        "StackName": stack.name,
        "TemplateURL": f"{s3.meta.endpoint_url}/{ASSETS}/{key}",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        "Tags": [{"Key": DIGEST_TAG, "Value": digest}],
    }
    on_progress(f"deploying {stack.name}")
    if deployed is None:
        cloudformation.create_stack(**arguments)
        _wait(cloudformation, stack.name, "stack_create_complete")
    else:
        cloudformation.update_stack(**arguments)
        _wait(cloudformation, stack.name, "stack_update_complete")
    return True


def _deployed_digest(cloudformation: "CloudFormationClient", name: str) -> str | None:
    """The digest of the deployed template; None when there is no stack, or one whose creation failed."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    if found["StackStatus"] in NEVER_CREATED:
        cloudformation.delete_stack(StackName=name)
        _wait(cloudformation, name, "stack_delete_complete")
        return None
    if found["StackStatus"] not in CURRENT:
        return ""
    return next((tag["Value"] for tag in found.get("Tags", []) if tag["Key"] == DIGEST_TAG), "")


def _wait(cloudformation: "CloudFormationClient", name: str, event: Event) -> None:
    waiter = cloudformation.get_waiter(event)
    try:
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
    except WaiterError as error:
        raise DeployError(f"{name} was not deployed:\n{_failures(cloudformation, name)}") from error


def _failures(cloudformation: "CloudFormationClient", name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(
        f"  {event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event.get("ResourceStatus", "").endswith("FAILED")
    )


def _file_assets(stack: StackArtifact) -> Iterator[tuple[Path, str]]:
    """Source and object key of every asset but the template itself, which goes up changed."""
    for asset in json.loads(stack.assets.read_text())["files"].values():
        source = stack.assets.parent / asset["source"]["path"]
        if source == stack.template:
            continue
        for destination in asset["destinations"].values():
            yield source, destination["objectKey"]


def _publish(s3: "S3Client", source: Path, key: str) -> None:
    """Put an asset where its content-addressed key says, unless it is there."""
    try:
        s3.head_object(Bucket=ASSETS, Key=key)
    except ClientError:
        s3.put_object(
            Bucket=ASSETS, Key=key, Body=archive(source) if source.is_dir() else source.read_bytes()
        )


def archive(folder: Path) -> bytes:
    """A zip of the folder: equal content gives equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            target.writestr(entry, path.read_bytes())
    return buffer.getvalue()


def _has_bucket(s3: "S3Client") -> bool:
    try:
        s3.head_bucket(Bucket=ASSETS)
    except ClientError:
        return False
    return True
