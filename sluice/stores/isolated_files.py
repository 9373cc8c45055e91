"""A training's files as the isolated functions reach them: with a role narrowed to this one training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sluice.domain import training_files
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.tenants import project_folder
from sluice.stores.artefacts import ArtefactStore
from sluice.stores.clients import scoped_s3

if TYPE_CHECKING:
    from mypy_boto3_sts.client import STSClient

_SECONDS = 1_800
_READABLE = (training_files.JOB, training_files.TRAIN, f"{training_files.GIVEN}/*")


@dataclass(frozen=True)
class IsolatedFiles:
    """Reads the job, the training side, a given model and the project's code; writes below `isolated/`."""

    store: ArtefactStore
    tenant: str
    project: str
    training_id: str

    def read_job(self) -> bytes:
        return b"".join(self.store.stream("data", self._key(training_files.JOB), ""))

    def read(self, ref: ArtefactRef) -> bytes:
        return self.store.read(ref)

    def write(self, name: str, content: bytes) -> ArtefactRef:
        return self.store.write("data", self._key(name), content)

    def _key(self, name: str) -> str:
        return training_files.key_of(self.tenant, self.project, self.training_id, name)


def open_isolated_files(
    sts: STSClient, *, role_arn: str, bucket: str, tenant: str, project: str, training_id: str
) -> IsolatedFiles:
    """Credentials of half an hour for this training, and the files they open."""
    answer = sts.assume_role(
        RoleArn=role_arn,
        RoleSessionName=f"training-{training_id}"[:64],
        Policy=session_policy(
            partition=role_arn.split(":")[1],
            bucket=bucket,
            tenant=tenant,
            project=project,
            training_id=training_id,
        ),
        DurationSeconds=_SECONDS,
    )
    credentials = answer["Credentials"]
    client = scoped_s3(
        access_key_id=credentials["AccessKeyId"],
        secret_access_key=credentials["SecretAccessKey"],
        session_token=credentials["SessionToken"],
    )
    return IsolatedFiles(ArtefactStore(client, {"data": bucket}), tenant, project, training_id)


def session_policy(*, partition: str, bucket: str, tenant: str, project: str, training_id: str) -> str:
    """What is left of the role: not even the test side of this training can be read."""

    def arn(key: str) -> str:
        return f"arn:{partition}:s3:::{bucket}/{key}"

    def own(name: str) -> str:
        return arn(training_files.key_of(tenant, project, training_id, name))

    code = arn(f"{project_folder(tenant, project)}/code/*")
    readable = [code, *(own(each) for each in _READABLE)]
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": readable},
        {"Effect": "Allow", "Action": ["s3:PutObject"], "Resource": [own("isolated/*")]},
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
