from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sluice.project.monitoring import Monitoring, RetrainingPolicy
from sluice.project.reasons import ProjectInvalid
from sluice.project.schema import parse_project
from tests.stores.monitoring.world import project_document

DOCUMENT = Path("docs/monitoring.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "prefix"),
    [(Monitoring, ""), (RetrainingPolicy, "retraining.")],
    ids=["windows", "retraining"],
)
def test_every_setting_is_documented(section: type[BaseModel], prefix: str) -> None:
    names = [f"`{prefix}{name}`" for name in section.model_fields if name != "retraining"]
    table = DOCUMENT[DOCUMENT.index("## Settings") :]
    assert [name for name in names if name not in table] == []


@pytest.mark.parametrize(
    ("monitoring", "path"),
    [
        ({"minimum_rows": 2000}, "monitoring.minimum_rows"),
        ({"warn_psi": 0.5}, "monitoring.warn_psi"),
        ({"retraining": {"quality_metric": "rmse"}}, "monitoring.retraining.quality_metric"),
        ({"reference_fraction": 1.5}, "monitoring.reference_fraction"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(monitoring: dict[str, Any], path: str) -> None:
    with pytest.raises(ProjectInvalid) as refused:
        parse_project(project_document(**monitoring))
    assert [reason.path for reason in refused.value.reasons] == [path]


@pytest.mark.parametrize("metric", ["brier", "log_loss", "accuracy", "auc"])
def test_any_quality_metric_of_the_task_may_decide(metric: str) -> None:
    spec = parse_project(project_document(retraining={"quality_metric": metric}))
    assert spec.monitoring.retraining.deciding_metric("binary") == metric
