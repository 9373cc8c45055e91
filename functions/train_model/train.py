"""The parent's part: files for the child, limits around it, and a manifest for what it made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from functions.train_model.draft_manifest import draft_manifest
from functions.train_model.files import CODE, DATA, GIVEN, MODEL, PARITY, RESULT
from sluice.domain import frames, training_files
from sluice.domain.errors import Reason
from sluice.isolation.code_archive import unpack
from sluice.isolation.run_isolated import Limits, read_output, run_isolated, working_folder
from sluice.project.schema import ProjectSpec, canonical
from sluice.project.training_job import GivenFiles, TrainingJob
from sluice.stores.isolated_files import IsolatedFiles
from sluice.workflows.isolated_stage import ended_early, keep_log
from sluice.workflows.training_stage import Found

_LARGEST = {RESULT: 16 << 20, MODEL: 200 << 20, PARITY: 64 << 20}


def train(job: TrainingJob, files: IsolatedFiles, limits: Limits) -> Found:
    """Trained, with model, parity set and manifest draft. Invalid for code that cannot be unpacked."""
    with working_folder() as folder:
        _prepare(folder, job, files)
        told = {"spec": json.loads(canonical(job.spec)), "given": _told(job.given)}
        child = run_isolated("functions.train_model.fit_model:main", folder, told, limits)
        outputs = {name: read_output(folder, name, limit) for name, limit in _LARGEST.items()}
    log = keep_log(files, "train_model", child)
    result = _parsed(outputs[RESULT])
    if result is None:
        return Found("rejected", artefacts=log, reasons=[ended_early("training", child, limits)])
    if reasons := [Reason(**entry) for entry in result.get("reasons", [])]:
        return Found("rejected", artefacts=log, reasons=reasons)
    model, parity = outputs[MODEL], outputs[PARITY]
    if model is None or parity is None:
        reason = Reason(
            "model.onnx", "the model is missing or too large", None, f"at most {_LARGEST[MODEL] >> 20} MB"
        )
        return Found("rejected", artefacts=log, reasons=[reason])
    artefacts = {
        "model": files.write(training_files.MODEL, model),
        "parity": files.write(training_files.PARITY, parity),
        "manifest_draft": files.write(training_files.DRAFT, draft_manifest(job.spec, model, result)),
    }
    details = {
        "threshold": result["threshold"],
        "train_rows": result["rows"],
        "explained": result["explanation"]["kind"],
    }
    return Found("trained", artefacts={**artefacts, **log}, details=details)


def _prepare(folder: Path, job: TrainingJob, files: IsolatedFiles) -> None:
    if job.code is not None:
        unpack(files.read(job.code), folder / CODE)
    if job.given is not None:
        (folder / GIVEN).mkdir()
        for name, ref in job.given.files.items():
            (folder / GIVEN / name).write_bytes(files.read(ref))
    (folder / DATA).write_bytes(_training_columns(files.read(job.train), job.spec))


def _told(given: GivenFiles | None) -> dict[str, str] | None:
    return {"flavor": given.flavor, "format": given.format, "file": given.file} if given else None


def _training_columns(content: bytes, spec: ProjectSpec) -> bytes:
    """Features and target only: protected values, ids and times are not the code's business."""
    wanted = {column.name for column in spec.contract.features} | {spec.target.name}
    frame = frames.from_bytes(content)
    return frames.to_bytes({name: column for name, column in frame.items() if name in wanted})


def _parsed(content: bytes | None) -> dict[str, Any] | None:
    """None for what the child did not write whole."""
    try:
        document = json.loads(content or b"")
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
