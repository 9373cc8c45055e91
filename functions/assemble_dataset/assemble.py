"""From a request for retraining to a dataset version and the training it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.assemble_dataset.contract_rows import Texts, keeps_contract, row_of
from functions.assemble_dataset.labelled_rows import labelled_rows
from functions.assemble_dataset.write_dataset import write_sides, write_snapshot
from sluice.domain import frames
from sluice.domain.errors import IntegrityError, NotFound
from sluice.domain.event import Event
from sluice.domain.lineage import Edge, dataset_node, drift_node
from sluice.domain.tenants import project_folder
from sluice.domain.training import Training
from sluice.project.schema import ProjectSpec, stored_project
from sluice.stores.archive_lines import opened_line
from sluice.stores.deployment import Deployment
from sluice.stores.items import Item
from sluice.workflows.announce import announce

ACTOR = "sluice:assemble_dataset"
TEST_FRACTION = 0.3
"""Of the labelled rows, where the project splits by time or row and so names no fraction."""

Kept = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The drift report whose policy asked for retraining."""

    tenant: str
    project: str
    environment: str
    report_id: str
    correlation_id: str

    @classmethod
    def from_event(cls, detail: Mapping[str, Any]) -> Wanted:
        place = {name: detail["data"][name] for name in ("environment", "report_id")}
        return cls(detail["tenant"], detail["project"], correlation_id=detail["correlation_id"], **place)


def assemble(assembly: Deployment, wanted: Wanted) -> str:
    """assembled, no_labels where nothing usable was labelled, no_base where the champion's data are unknown.

    The report keeps the first dataset made for it: whoever comes later publishes that one again, and the
    training it leads to has one id.
    """
    report = assembly.drift_reports.get(wanted.tenant, wanted.project, wanted.environment, wanted.report_id)
    if report is None:
        raise NotFound(f"project {wanted.project!r} has no drift report {wanted.report_id}")
    kept: Kept | None = report.get("dataset")
    if kept is None:
        champion = _champion(assembly, wanted, report)
        if champion is None:
            return "no_base"
        made = _make(assembly, wanted, report, champion)
        if made is None:
            return "no_labels"
        kept = assembly.drift_reports.keep_dataset(report, made)
    _announce(assembly, wanted, kept)
    return "assembled"


def _champion(assembly: Deployment, wanted: Wanted, report: Item) -> Training | None:
    """The training of the version that drifted; None for one that was not trained here."""
    model = assembly.models.get(wanted.tenant, wanted.project, report["model_version"])
    try:
        training = assembly.trainings.get(wanted.tenant, wanted.project, model.training_id)
    except NotFound:
        return None
    return training if "sides" in training.artefacts else None


def _make(assembly: Deployment, wanted: Wanted, report: Item, champion: Training) -> Kept | None:
    project = assembly.projects.get(wanted.tenant, wanted.project)
    spec = stored_project(project.document)
    rows, left_out, until = _rows(assembly, wanted, spec, champion)
    if not rows:
        return None
    folder = f"{project_folder(wanted.tenant, wanted.project)}/derived/datasets/{wanted.report_id}"
    dataset, base_rows = write_snapshot(assembly.artefacts, champion.dataset, rows, f"{folder}/data.csv.gz")
    base_sides = _sides(assembly, champion)
    if len(base_sides) != base_rows:
        raise IntegrityError(f"{len(base_sides)} sides are recorded for {base_rows} rows")
    fraction = spec.evaluation.split.test_fraction or TEST_FRACTION
    sides = write_sides(assembly.artefacts, base_sides, len(rows), fraction, f"{folder}/sides.npz")
    return {
        "dataset": asdict(dataset),
        "base_sha256": champion.dataset.sha256,
        "split_override": {"sides": asdict(sides), "labels_until": until},
        "report_id": wanted.report_id,
        "environment": wanted.environment,
        "champion_version": report["model_version"],
        "rows": base_rows + len(rows),
        "labelled_rows": len(rows),
        "left_out": left_out,
        "training_id": assembly.platform.new_id(),
        "audit_id": assembly.platform.new_id(),
    }


def _rows(
    assembly: Deployment, wanted: Wanted, spec: ProjectSpec, champion: Training
) -> tuple[list[Texts], dict[str, int], str]:
    """New rows, why others were left out, and up to when labels are in."""
    since = (champion.split_override or {}).get("labels_until", champion.created_at)
    lines, corrections = labelled_rows(
        assembly.artefacts, wanted.tenant, wanted.project, wanted.environment, since=since
    )
    find = partial(assembly.entity_keys.find, wanted.tenant, wanted.project)
    opened = [line for line in (opened_line(line, find) for line in lines) if line is not None]
    made = [row_of(line, spec) for line in opened]
    rows = [row for row in made if keeps_contract(row, spec)]
    until = max((str(line["labelled_at"]) for line in lines), default=since)
    left_out = {
        "breaks_contract": len(made) - len(rows),
        "known_already": corrections,
        "forgotten": len(lines) - len(opened),
    }
    return rows, left_out, until


def _sides(assembly: Deployment, champion: Training) -> NDArray[np.float64]:
    stored = frames.from_bytes(assembly.artefacts.read(champion.artefacts["sides"]))
    return stored["side"].astype(np.float64)


def _announce(assembly: Deployment, wanted: Wanted, kept: Kept) -> None:
    """Lineage, audit, event: safe to repeat."""
    tenant, project = wanted.tenant, wanted.project
    node = dataset_node(kept["dataset"]["sha256"])
    assembly.lineage.link(
        tenant,
        project,
        Edge(dataset_node(kept["base_sha256"]), "extended_to", node),
        Edge(drift_node(wanted.report_id), "asked_for", node),
    )
    counts = {name: kept[name] for name in ("rows", "labelled_rows", "left_out", "report_id", "training_id")}
    told = {name: value for name, value in kept.items() if name != "audit_id"}
    data = {**told, "requested_by": ACTOR}
    announce(
        assembly,
        Event("DatasetAssembled", tenant, project, wanted.correlation_id, wanted.report_id, data),
        actor=ACTOR,
        action="dataset.assemble",
        subject=node,
        details=counts,
        event_id=kept["audit_id"],
    )
