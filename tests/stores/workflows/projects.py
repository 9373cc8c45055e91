"""Builders: a pushed project, uploads, code archives, a registered model version."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import yaml

from functions.start_training.receive_upload import ObjectCreated, receive_upload
from sluice.domain.artefacts import sha256_of
from sluice.domain.model import ModelVersion
from sluice.domain.upload import Upload
from sluice.project.schema import canonical, digest, parse_project
from sluice.stores import clients
from tests.stores.deployments import MotoDeployment

TENANT, PROJECT = "default", "credit"
ANN = "ann@example.org"


def document() -> dict[str, Any]:
    """The example's own project.yaml."""
    with open("examples/credit/project.yaml", encoding="utf-8") as file:  # noqa: PTH123
        loaded: dict[str, Any] = yaml.safe_load(file)
    return loaded


def push(deployment: MotoDeployment, **changes: Any) -> None:
    spec = parse_project(document() | changes)
    text = canonical(spec).decode()
    deployment.projects.push(
        TENANT, PROJECT, digest=digest(spec), document=text, owners=spec.owners, purpose=spec.purpose, by=ANN
    )


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def upload(
    deployment: MotoDeployment,
    key: str,
    content: bytes,
    *,
    sequencer: str = "1",
    metadata: dict[str, str] | None = None,
) -> Upload:
    """Put an object and deliver its event."""
    event = put(deployment, key, content, sequencer=sequencer, metadata=metadata)
    (received,) = receive_upload(deployment, event)
    return received


def put(
    deployment: MotoDeployment,
    key: str,
    content: bytes,
    *,
    sequencer: str = "1",
    metadata: dict[str, str] | None = None,
) -> ObjectCreated:
    answer = clients.s3().put_object(
        Bucket=deployment.setting("DATA_BUCKET"), Key=key, Body=content, Metadata=metadata or {}
    )
    return ObjectCreated(key, answer["VersionId"], sequencer, "123456789012")


def upload_data(deployment: MotoDeployment, content: bytes = b"a,b\n1,2\n", **how: Any) -> Upload:
    return upload(deployment, f"projects/{PROJECT}/data/data.csv", content, **how)


def upload_code(deployment: MotoDeployment, text: str = "def train(): ...", **how: Any) -> Upload:
    return upload(deployment, f"projects/{PROJECT}/code/code.zip", archive(train__py=text), **how)


def register_model(deployment: MotoDeployment, version: int = 1, **changes: Any) -> ModelVersion:
    """A version whose report passes every gate, unless `report` says otherwise."""
    report = passing_report() | changes.pop("report", {})
    files = {"model": b"onnx", "manifest": b"{}", "report": json.dumps(report).encode(), "parity": b""}
    refs = {
        name: deployment.artefacts.write("artifacts", f"v{version}/{name}", content)
        for name, content in files.items()
    }
    dataset = deployment.artefacts.write("data", f"projects/{PROJECT}/data/{version}.csv", b"rows")
    model = ModelVersion(
        project=PROJECT,
        version=version,
        training_id=f"training-{version}",
        run_id="0" * 32,
        experiment_id="1",
        dataset=dataset,
        code_digest="code",
        project_version=1,
        project_digest="spec",
        model_digest=sha256_of(files["manifest"]),
        report_digest=sha256_of(files["report"]),
        outcome=report["outcome"],
        requested_by=ANN,
        artefacts=refs,
    )
    model = replace(model, **changes)
    deployment.models.add(TENANT, model)
    deployment.tracking.ensure_registered_model(TENANT, PROJECT)
    deployment.tracking.create_model_version(
        TENANT, PROJECT, source="s3://nowhere", run_id="", token=model.training_id
    )
    return model


def passing_report() -> dict[str, Any]:
    return {
        "outcome": "first",
        "parity": {"passed": True, "max_difference": 1e-7, "rows": 1000},
        "floors": [{"metric": "auc", "passed": True}],
        "bias": [],
    }
