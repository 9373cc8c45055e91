"""Drift reports in the platform table, and which of them the world has not been told of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sluice.domain.artefacts import ArtefactRef
from sluice.stores import keys
from sluice.stores.items import ConditionFailed, Item, Items, Page


@dataclass(frozen=True, slots=True)
class Report:
    """`document` is shown to people, `full` refers to all of it. `announce` names the events that have to
    be published for it, each with the id of its audit event: the report is unannounced until they are.
    """

    project: str
    environment: str
    model_version: int
    report_id: str
    level: str
    document: Mapping[str, Any]
    full: ArtefactRef
    correlation_id: str
    announce: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DriftReportStore:
    items: Items

    def get(self, tenant: str, project: str, environment: str, report_id: str) -> Item | None:
        """The report's item; its `document` is JSON text."""
        key = keys.drift_report(tenant=tenant, project=project, environment=environment, report_id=report_id)
        return self.items.get(key)

    def page(
        self,
        tenant: str,
        project: str,
        *,
        environment: str | None = None,
        limit: int = 100,
        start: Mapping[str, str] | None = None,
    ) -> Page:
        """Newest first within an environment."""
        prefix = f"drift#{environment}#" if environment else "drift#"
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query(partition, prefix=prefix, limit=limit, start=start, descending=True)

    def unannounced(self, tenant: str, project: str) -> list[Item]:
        """Reports whose events may not have been published yet, oldest first."""
        partition = keys.project_partition(tenant=tenant, project=project)
        return self.items.query_all(partition, prefix="unannounced#", index="lsi1")

    def announced(self, item: Item) -> None:
        """Note that a report's events are out; safe to repeat."""
        self.items.update((item["pk"], item["sk"]), {}, remove=["lsi1sk"])

    def keep_dataset(self, item: Item, dataset: Mapping[str, Any]) -> Mapping[str, Any]:
        """Remember what a report's retraining is made from: the first dataset stays and is given back."""
        key = (item["pk"], item["sk"])
        try:
            self.items.update(key, {"dataset": dict(dataset)}, expected={"dataset": None})
        except ConditionFailed:
            stored: Mapping[str, Any] = (self.items.get(key) or {})["dataset"]
            return stored
        return dataset


def report_item(tenant: str, report: Report) -> Item:
    """The item of a new report, for the transaction that closes its window."""
    pk, sk = keys.drift_report(
        tenant=tenant, project=report.project, environment=report.environment, report_id=report.report_id
    )
    waiting = keys.unannounced_report(report_id=report.report_id) if report.announce else None
    return {
        "pk": pk,
        "sk": sk,
        "lsi1sk": waiting,
        **asdict(report),
        "document": json.dumps(report.document, separators=(",", ":"), ensure_ascii=False),
    }
