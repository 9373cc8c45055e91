"""The files of a model that somebody registered, copied unopened to where they are opened in isolation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import yaml

from sluice.domain import training_files
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.errors import Invalid, NotFound
from sluice.domain.tracking.paths import path_of_uri, safe_path
from sluice.domain.training import GivenModel, Training
from sluice.project.training_job import GivenFiles
from sluice.stores.deployment import Deployment

_refused = partial(Invalid.about, "model")

LARGEST = 200 << 20
"""Bytes of the model's files together."""
_MOST_FILES = 200
_DESCRIPTION = "MLmodel"
_LARGEST_DESCRIPTION = 1 << 20


def take_model(deployment: Deployment, tenant: str, training: Training, given: GivenModel) -> GivenFiles:
    """References to the copies. Invalid for what is no MLflow model of a flavour that can be judged."""
    root = _root(deployment, tenant, training.project, given)
    sizes = _sizes(deployment, root)
    found = _described(deployment, root, sizes)
    file, files = found.file, [found.file]
    if found.flavor == "onnx":  # its weights may lie in files beside it
        files = [name for name in sizes if "/" not in name and name != _DESCRIPTION]
    if file not in sizes:
        raise _refused("the model's file is missing", file, f"a file below {given.source}")
    total = sum(sizes[name] for name in files)
    if total > LARGEST or len(files) > _MOST_FILES:
        expected = f"at most {LARGEST >> 20} MB in {_MOST_FILES} files"
        raise _refused("the model is too large", f"{total} bytes in {len(files)} files", expected)
    copies = {name: _copy(deployment, tenant, training, f"{root}/{name}") for name in files}
    return GivenFiles(found.flavor, found.format, file, copies)


def _root(deployment: Deployment, tenant: str, project: str, given: GivenModel) -> str:
    """The folder's key in the artifacts bucket."""
    try:
        version = deployment.tracking.versions.get(tenant, project, given.version)
        uri = deployment.tracking.artifact_uri_of(tenant, version.source)
    except NotFound as gone:
        raise _refused(str(gone), f"version {given.version}", "a version that is there") from gone
    return f"{tenant}/{path_of_uri(uri, deployment.setting('ARTIFACTS_BUCKET'), tenant)}"


def _sizes(deployment: Deployment, root: str) -> dict[str, int]:
    """Bytes of the folder's files, by their path in it."""
    sizes = deployment.artefacts.sizes("artifacts", f"{root}/")
    return {key.removeprefix(f"{root}/"): size for key, size in sizes.items()}


def _described(deployment: Deployment, root: str, sizes: Mapping[str, int]) -> GivenFiles:
    """What MLmodel says: ONNX where there are both. The files are still to come."""
    if sizes.get(_DESCRIPTION, _LARGEST_DESCRIPTION) >= _LARGEST_DESCRIPTION:
        raise _refused("no MLmodel file", ", ".join(sorted(sizes)[:20]), "a folder that log_model made")
    content = b"".join(deployment.artefacts.stream("artifacts", f"{root}/{_DESCRIPTION}", ""))
    flavors = _flavors(content)
    if onnx := flavors.get("onnx"):
        return GivenFiles("onnx", "onnx", _name(onnx.get("data")), {})
    if sklearn := flavors.get("sklearn"):
        form = str(sklearn.get("serialization_format"))
        return GivenFiles("sklearn", form, _name(sklearn.get("pickled_model")), {})
    raise _refused("a flavour that cannot be judged", ", ".join(sorted(map(str, flavors))), "onnx or sklearn")


def _flavors(content: bytes) -> dict[str, Mapping[str, Any]]:
    try:
        document = yaml.safe_load(content)
        return {name: found for name, found in document["flavors"].items() if isinstance(found, dict)}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise _refused("MLmodel cannot be read", type(error).__name__, "what log_model writes") from error


def _name(value: object) -> str:
    """A file directly in the folder."""
    name = safe_path(str(value or ""))
    if PurePosixPath(name).name != name:
        raise _refused("the model's file lies elsewhere", name, "a file in the model's folder")
    return name


def _copy(deployment: Deployment, tenant: str, training: Training, key: str) -> ArtefactRef:
    content = b"".join(deployment.artefacts.stream("artifacts", key, ""))
    name = f"{training_files.GIVEN}/{PurePosixPath(key).name}"
    target = training_files.key_of(tenant, training.project, training.training_id, name)
    return deployment.artefacts.write("data", target, content)
