"""The model's files where MLflow's clients and serving find them: under the run's artifact root."""

from __future__ import annotations

import json

from functions.register_model.mlflow_model import mlflow_model, requirements
from sluice.domain.artefacts import ArtefactRef
from sluice.domain.training import Training
from sluice.scoring.manifest import Manifest
from sluice.stores.artefacts import ArtefactStore

#: Artefact of the training -> file of the model.
COPIED = {
    "model": "model.onnx",
    "manifest": "model.json",
    "baseline": "baseline.json",
    "parity": "parity.npz",
    "report": "report.json",
    "profile": "profile.json",
    "background": "background.npz",
    "card": "model_card.json",
}


def copy_files(
    store: ArtefactStore, tenant: str, training: Training, manifest: Manifest
) -> dict[str, ArtefactRef]:
    """References to the copies, by artefact name; equal files give the same folder again."""
    root = f"{tenant}/{training.experiment_id}/{training.run_id}/artifacts/model"
    copies = {
        name: store.copy(training.artefacts[name], "artifacts", f"{root}/{file}")
        for name, file in COPIED.items()
        if name in training.artefacts  # one that was scored by an older release lacks some
    }
    store.write("artifacts", f"{root}/MLmodel", mlflow_model(training, manifest, _versions(store, training)))
    store.write("artifacts", f"{root}/requirements.txt", requirements())
    return copies


def _versions(store: ArtefactStore, training: Training) -> dict[str, str]:
    versions: dict[str, str] = json.loads(store.read(training.artefacts["manifest"]))["train"][
        "library_versions"
    ]
    return versions
